// Elements of the page.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children.flat());
  return made;
}

export function time(text) {
  if (!text) {
    return "";
  }
  const at = new Date(text);
  return element("time", { datetime: text, title: at.toString() }, at.toLocaleString());
}

const kinds = { OK: "good", ALARM: "bad", INSUFFICIENT_DATA: "unknown" };

export function state(text, kind = kinds[text]) {
  return element("span", { class: `state ${kind ?? ""}` }, text);
}
