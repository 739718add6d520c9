"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const by = (id) => document.getElementById(id);
  all(".js").forEach((one) => { one.hidden = false; });

  // Findings: what is asked for stands in the form, what a finding is stands in its data attributes.
  const form = by("filters");
  const groups = all(".group").map((element) => ({
    element,
    findings: all(".finding", element).map((finding) => ({ element: finding, text: null })),
  }));
  const has = (list, value) => list.split(" ").includes(value);
  function fits(group, finding, wanted) {
    const data = finding.element.dataset;
    if (wanted.rule && group.element.dataset.rule !== wanted.rule) return false;
    if (wanted.family && group.element.dataset.family !== wanted.family) return false;
    if (wanted.severity && data.severity !== wanted.severity) return false;
    if (wanted.file && data.file !== wanted.file) return false;
    if (wanted.since && data.since !== wanted.since) return false;
    if (wanted.clause && !has(data.clause, wanted.clause)) return false;
    if (wanted.standard && !has(data.standard, wanted.standard)) return false;
    if (!wanted.words.length) return true;
    finding.text ??= (finding.element.textContent + " " + group.element.dataset.rule).toLowerCase();
    return wanted.words.every((word) => finding.text.includes(word));
  }
  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.words = (wanted.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let total = 0;
    for (const group of groups) {
      let here = 0;
      for (const finding of group.findings) {
        const fit = fits(group, finding, wanted);
        if (finding.element.hidden === fit) finding.element.hidden = !fit;
        here += fit ? 1 : 0;
      }
      group.element.hidden = here === 0;
      shown += here;
      total += group.findings.length;
    }
    const noun = total === 1 ? " finding" : " findings";
    by("shown").textContent = shown === total ? `${total}${noun} shown` : `${shown} of ${total}${noun} shown`;
    by("none").hidden = shown > 0;
  }
  if (form) {
    let waiting = 0;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); };
    form.addEventListener("input", (event) => (event.target.name === "text" ? soon() : filter()));
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
    const set = (open) => all(".finding:not([hidden])").forEach((one) => { one.open = open; });
    by("open-all").addEventListener("click", () => set(true));
    by("close-all").addEventListener("click", () => set(false));
    filter();
  }

  // A link to a finding opens it; paper shows all but what stands beside the matter, unless that was opened.
  function follow() {
    const target = location.hash.length > 1 && by(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) { target.open = true; target.scrollIntoView(); }
  }
  addEventListener("hashchange", follow);
  follow();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open], .aside)");
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => { closed.forEach((one) => { one.open = false; }); });

  // Copying and saving.
  async function copy(text, button) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    const before = button.innerHTML;
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { button.innerHTML = before; }, 1500);
  }
  all("[data-copy]").forEach((button) => {
    button.addEventListener("click", () => copy(button.parentElement.querySelector("code").textContent, button));
  });
  all("[data-copy-from]").forEach((button) => {
    const lines = () => all("li", by(button.dataset.copyFrom)).map((one) => one.textContent).join("\n");
    button.addEventListener("click", () => copy(lines(), button));
  });
  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  const report = JSON.parse(by("report").textContent);
  const mark = (report.subject.tree || report.as_of).replace(/[^0-9A-Za-z]/g, "").slice(0, 12);
  by("save-report").addEventListener("click", () => {
    save(`audit-${mark}.json`, "application/json", JSON.stringify(report, null, 2) + "\n");
  });

  // The answers of a person.
  const answers = by("answers");
  const questions = all("fieldset[data-clause]", answers);
  const chosen = (field) => field.querySelector("input:checked")?.value || "";
  function given() {
    const value = (name) => answers.elements[name].value;
    return {
      schema: "checker-answers/1",
      report: {
        status: report.status, commit: report.subject.commit, tree: report.subject.tree,
        as_of: report.as_of, rules_sha256: report.rules_sha256,
      },
      reviewer: value("reviewer"), date: value("date"), decision: value("decision"), remarks: value("remarks"),
      answers: questions.map((field, number) => ({
        standard: field.dataset.standard, clause: field.dataset.clause, question: report.manual[number].question,
        answer: chosen(field), note: field.querySelector("textarea").value,
      })),
    };
  }
  function markdown(told) {
    const lines = ["# Answers of a person", "", `Report: ${told.report.status}, tree ${told.report.tree || "unknown"}, as of ${told.report.as_of}`];
    lines.push(`Reviewer: ${told.reviewer || "(no name)"}, ${told.date || "(no date)"}`, `Decision: ${told.decision || "open"}`, "");
    for (const one of told.answers) {
      lines.push(`- [${one.answer ? "x" : " "}] ${one.standard} ${one.clause}: ${one.question}`, `  - answer: ${one.answer || "open"}`);
      if (one.note) lines.push(`  - seen: ${one.note.replace(/\s+/g, " ")}`);
    }
    if (told.remarks) lines.push("", told.remarks);
    return lines.join("\n") + "\n";
  }
  const said = (text) => { by("saved").textContent = text; };
  answers.addEventListener("submit", (event) => event.preventDefault());
  by("save-json").addEventListener("click", () => {
    save(`answers-${mark}.json`, "application/json", JSON.stringify(given(), null, 2) + "\n");
    said("Saved as JSON.");
  });
  by("save-md").addEventListener("click", () => {
    save(`answers-${mark}.md`, "text/markdown", markdown(given()));
    said("Saved as Markdown.");
  });
  by("load").addEventListener("change", async (event) => {
    try {
      const told = JSON.parse(await event.target.files[0].text());
      if (told.schema !== "checker-answers/1") throw new Error("no answers");
      for (const name of ["reviewer", "date", "decision", "remarks"]) answers.elements[name].value = told[name] || "";
      let found = 0;
      for (const field of questions) {
        const one = told.answers.find((each) => each.clause === field.dataset.clause && each.standard === field.dataset.standard);
        if (!one) continue;
        found += 1;
        all("input", field).forEach((input) => { input.checked = input.value === one.answer; });
        field.querySelector("textarea").value = one.note || "";
      }
      const same = told.report.tree === report.subject.tree ? "" : " They were given to another tree than this report's.";
      said(`Loaded the answers to ${found} of ${questions.length} questions.${same}`);
    } catch {
      said("That file holds no answers that this page has saved.");
    }
  });
})();
