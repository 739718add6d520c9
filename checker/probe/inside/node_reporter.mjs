// A reporter for `node --test`: one JSON line for each test that ended, named by the path of its suites.
export default async function* report(source) {
  const path = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      path.length = data.nesting;
      path[data.nesting] = data.name;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const suite = data.details?.type === "suite" || data.details?.type === "describe";
    const skipped = data.skip !== undefined && data.skip !== false;
    const todo = data.todo !== undefined && data.todo !== false;
    yield JSON.stringify({
      file: data.file ?? null,
      names: [...path.slice(0, data.nesting), data.name],
      suite,
      outcome: skipped || todo ? "skipped" : type === "test:pass" ? "passed" : "failed",
    }) + "\n";
  }
}
