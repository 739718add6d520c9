"""Every GraphQL field that gives a list of objects lets the caller take it in pages."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.graphql import GraphqlApi
from checker.model.graphql_lists import GraphqlListing, graphql_listings
from checker.model.observation import Observation


def graphql_pagination(graphql: GraphqlApi) -> Iterator[Observation]:
    """One observation for each list field: it takes a cursor or an offset, as the GraphQL Cursor Connections spec asks.

    Sources: GraphQL Cursor Connections Specification, graphql.org "Pagination", backend-coder "Paginate every list endpoint".
    """
    for listing in graphql_listings(graphql):
        yield Observation(
            subject=listing.name,
            ok=bool(listing.pages),
            place=listing.place,
            message=f"{listing.name} {_problem(listing)}",
            evidence=f"{listing.seen}, {_taken(listing)}",
            cause="" if listing.pages else listing.cause,
            confidence=listing.confidence,
            also=listing.also,
        )


def _problem(listing: GraphqlListing) -> str:
    if listing.sizes:
        return "takes a page size and no way to ask for the next page"
    return "returns a list without pagination"


def _taken(listing: GraphqlListing) -> str:
    names = (*listing.sizes, *listing.pages)
    return f"pages by {', '.join(names)}" if names else "no argument pages through it"
