"use strict";
// Every table of the class `sortable` sorts by the heading that is pressed; without this script it
// is an ordinary table. A cell's value is its data-v where it has one, else its text; cells without
// a value come last both ways.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(table.tBodies[0], column, heading.classList.contains("n"), up ? 1 : -1);
    });
  });
}

function sort(body, column, numeric, way) {
  const words = new Intl.Collator(undefined, { numeric: true });
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    const text = (cell.dataset.v ?? cell.textContent).trim();
    const value = numeric ? parseFloat(text) : text;
    return { row, value, empty: numeric ? Number.isNaN(value) : text === "" };
  });
  rows.sort((a, b) => {
    if (a.empty || b.empty) return a.empty - b.empty;
    return way * (numeric ? a.value - b.value : words.compare(a.value, b.value));
  });
  body.append(...rows.map(({ row }) => row));
}
