"""What agents leave behind, as facts: locks, queues, reports, packs, hand-offs, payloads and what they claim."""
