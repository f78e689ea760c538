// What in the student's part of a page could act, load something, or cover the rest of it.
() => {
  // A page's own elements can take the place of `document.querySelector`.
  const first = selector => Document.prototype.querySelector.call(document, selector);
  const root = first("#notebook-container, main");
  const own = "input.score, input.extra-credit, textarea.comment, .scoring-buttons *, input.task-list-item-checkbox";
  const refused = ("script style iframe frame object embed applet meta base link form input button select " +
    "textarea svg math img picture source video audio track template dialog marquee").split(" ");
  const found = [];
  if (!root) return { found: ["the page has lost its frame"], cells: 0 };
  if (getComputedStyle(document.body).display === "none") found.push("the page is hidden");
  for (const element of root.querySelectorAll(".cell *")) {
    const say = what => found.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
    if (refused.includes(element.localName) && !element.matches(own)) say("element");
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name.startsWith("data-")) say("attribute");
      if (["href", "src", "action", "formaction", "xlink:href"].includes(name)
          && !/^(https?:\/\/|#)/.test(value)) say("address");
    }
    const style = getComputedStyle(element);
    if (["fixed", "absolute", "sticky"].includes(style.position) && !element.matches(own)) say("position");
    if (style.backgroundImage !== "none") say("picture");
    if (element.id && first(`#${CSS.escape(element.id)}`) !== element) say("id taken");
  }
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.parentElement.closest("pre, code, textarea")
        && /\\(href|style|class|cssId|require|def|mmlToken)\b/.test(text.data)) found.push(`formula: ${text.data}`);
  }
  return { found, cells: root.querySelectorAll(".cell").length };
}
