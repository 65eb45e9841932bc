// The page: one view at a time, chosen by the fragment of the address, and read again every ten seconds.
import { element, time, state } from "/dom.js";

const refreshInterval = 10_000;
const stack = document.getElementById("stack");
const minutes = document.getElementById("minutes");
const problem = document.getElementById("problem");

async function read(path) {
  const response = await fetch(path);
  if (!response.ok) {
    throw new Error((await response.text()).trim() || response.statusText);
  }
  return response.json();
}

const ofStack = (path) => `/data/stacks/${encodeURIComponent(stack.value)}/${path}`;

function table(headings, rows) {
  return element("table", {},
    element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))))));
}

// further are details whose content is read when they are opened.
function further(summary, load) {
  const details = element("details", {}, element("summary", {}, summary));
  details.addEventListener("toggle", async () => {
    if (!details.open || details.children.length > 1) {
      return;
    }
    try {
      details.append(await load());
    } catch (error) {
      details.append(element("p", { class: "bad" }, error.message));
    }
  });
  return details;
}

async function parts(report) {
  const faults = (report.faults ?? []).map((fault) => element("p", { class: "bad" }, `make fail: ${JSON.stringify(fault)}`));
  return [...faults, table(["Part", "Name", "Address", "Health", "Since", "Memory", "Restarts"], report.parts.map((part) => [
    part.kind, part.name ?? "", part.addr ?? "", state(part.health, part.health === "ok" ? "good" : "bad"), time(part.since),
    `${Math.round(part.memory / 2 ** 20)} MiB`,
    part.restarts ? `${part.restarts.count}, last ${new Date(part.restarts.last).toLocaleTimeString()} (${part.restarts.exit})` : "",
  ]))];
}

async function alarms() {
  const all = await read(ofStack("alarms"));
  return [table(["State", "Alarm", "Reason", "Since"], all.map((alarm) => [
    state(alarm.state),
    [element("strong", {}, alarm.name), further("condition and history", async () => {
      const changes = await read(ofStack(`alarms/${encodeURIComponent(alarm.name)}`));
      return element("div", {}, element("p", {}, alarm.description ?? ""), element("pre", {}, alarm.condition),
        changes.length ? table(["Time", "Change"], changes.map((change) => [time(change.time), change.summary])) : element("p", {}, "Its state has not changed."));
    })],
    alarm.reason, time(alarm.since),
  ]))];
}

async function requests() {
  const all = await read(ofStack("requests"));
  const kind = (status) => ({ 4: "unknown", 5: "bad" })[status[0]] ?? "good";
  return [table(["Time", "Request", "Status", "Cache", "ms", "Id, trace and log"], all.map((request) => [
    time(request.time), `${request.method} ${request.route}`, state([request.status, request.error].filter(Boolean).join(" "), kind(request.status)),
    request.cache ?? "", request.latency,
    [further(request.id, async () => {
      const lines = await read(ofStack(`requests/${encodeURIComponent(request.id)}`));
      return element("div", {}, ...lines.flatMap((line) => [element("h3", {}, line.log), element("pre", {}, readable(line.text))]));
    }), element("span", { class: "muted" }, request.trace ?? "")],
  ]))];
}

// readable is a line of a log: its members on lines of their own, without the directive of its metrics.
function readable(text) {
  try {
    return JSON.stringify({ ...JSON.parse(text), _aws: undefined }, null, 1);
  } catch {
    return text;
  }
}

async function dashboards() {
  const { drawBoards } = await import("/boards.js");
  return drawBoards(await read(ofStack(`dashboards?minutes=${minutes.value}`)));
}

async function diagram() {
  return [element("img", { src: ofStack("diagram.svg"), alt: `Components of the stack ${stack.value} and the path of a request` })];
}

async function reference() {
  const { showReference } = await import("/reference.js");
  return [await showReference(ofStack("openapi.json"))];
}

// live views are read again.
const views = {
  parts: { content: parts, live: true }, dashboards: { content: dashboards, live: true }, alarms: { content: alarms, live: true },
  requests: { content: requests, live: true }, diagram: { content: diagram }, reference: { content: reference },
};

// inUse is whether new content would close what is open, or take the focus.
const inUse = (content) => content.querySelector("details[open]") !== null || content.contains(document.activeElement);

let reading = 0;

async function show(again) {
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : "parts";
  const content = document.querySelector(`#${name} .content`);
  if (again && (!views[name].live || inUse(content) || document.hidden)) {
    return;
  }
  const turn = ++reading; // a view that was chosen later wins
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== name;
  }
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.hash === `#${name}`);
  }
  try {
    const report = await read("/data/status");
    chooseStack(report);
    const drawn = !stack.value && name !== "parts"
      ? [element("p", {}, "No stack is deployed: make up deploys one.")]
      : await views[name].content(report);
    if (turn === reading && !(again && inUse(content))) {
      content.replaceChildren(...drawn);
      content.dispatchEvent(new Event("drawn"));
    }
    problem.hidden = true;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

function chooseStack(report) {
  const names = report.stacks;
  if ([...stack.options].map((option) => option.value).join() !== names.join()) {
    const chosen = stack.value;
    stack.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
    stack.value = names.includes(chosen) ? chosen : names[0] ?? "";
  }
  document.getElementById("clock").textContent =
    `${report.clockStopped ? "The clock of metrics is stopped at" : "Read at"} ${new Date(report.clock).toLocaleTimeString()}`;
}

// Swagger UI's style sheet has its dark colours for this class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", () => { colour(); show(); });
colour();
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
stack.addEventListener("change", () => show());
minutes.addEventListener("change", () => show());
document.querySelector("nav").addEventListener("click", (event) => {
  if (event.target.hash && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    history.pushState(null, "", event.target.hash);
    show();
  }
});
addEventListener("popstate", () => show());
setInterval(() => show(true), refreshInterval);
show();
