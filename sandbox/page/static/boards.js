// Dashboards: each widget is a figure at its place in CloudWatch's grid of 24 columns.
import uPlot from "/lib/uplot.js";
import { element, state } from "/dom.js";

// Distinct in both colour schemes, and for most colour-blind people (Okabe and Ito).
const colours = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c8c00", "#808080"];
const colour = (i) => colours[i % colours.length];
const graphHeight = 150;

export function drawBoards(data) {
  if (data.dashboards.length === 0) {
    return [element("p", {}, "The stack has no dashboard.")];
  }
  return data.dashboards.flatMap((board) => [element("h3", {}, board.name), element("div", { class: "board" }, ...board.panels.map((panel) => draw(panel, data)))]);
}

function draw(panel, range) {
  const figure = element("figure", { class: "panel", "data-type": panel.type }, element("figcaption", {}, element("h3", {}, panel.title ?? "")));
  figure.style.gridColumn = `${panel.x + 1} / span ${panel.width}`;
  figure.style.gridRow = `${panel.y + 1} / span ${panel.height}`;
  if (panel.markdown) {
    figure.append(element("pre", {}, panel.markdown));
  }
  if (panel.alarms) {
    figure.append(element("ul", { class: "alarms" }, ...panel.alarms.map((alarm) => element("li", {}, state(alarm.state), alarm.name))));
  }
  if (panel.lines) {
    figure.append(...lines(panel, range));
  }
  if (panel.table) {
    figure.append(table(panel.table));
  }
  if (panel.query) {
    figure.append(element("details", {}, element("summary", {}, "query"), element("pre", {}, panel.query)));
  }
  for (const problem of panel.problems ?? []) {
    figure.append(element("p", { class: "unknown" }, problem));
  }
  return figure;
}

// table is the result of a query, in a part of the panel that scrolls by keyboard too.
function table({ columns, rows }) {
  if (rows.length === 0) {
    return element("p", {}, "no rows");
  }
  const cells = (name, values) => element("tr", {}, ...values.map((value) => element(name, {}, value)));
  return element("div", { class: "scrolling", tabindex: "0", role: "region", "aria-label": "result of the query" },
    element("table", {}, element("thead", {}, cells("th", columns)), element("tbody", {}, ...rows.map((row) => cells("td", row)))));
}

const number = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });

// lines are the graph of a panel, and the newest value of each line as text.
function lines(panel, range) {
  const newest = panel.lines.map((line, i) => {
    const value = (line.values ?? []).findLast((each) => each !== null);
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = colour(i);
    return element("li", {}, swatch, line.label, element("b", {}, value === undefined ? "no data" : number.format(value)));
  });
  const legend = element("ul", panel.view === "singleValue" ? { class: "single" } : {}, ...newest);
  if (panel.view === "singleValue") {
    return [legend];
  }
  const holder = element("div", { role: "img", "aria-label": `graph of ${panel.title}; the newest values follow` });
  holder.style.minHeight = `${graphHeight}px`;
  // A graph needs its width, which it has in the document.
  new ResizeObserver(([entry], observer) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === 0) {
      return;
    }
    if (holder.plot) {
      holder.plot.setSize({ width, height: graphHeight });
    } else if (holder.isConnected) {
      holder.plot = plot(panel, range, width, holder);
    } else {
      observer.disconnect();
    }
  }).observe(holder);
  return [holder, legend];
}

function plot(panel, range, width, holder) {
  const style = getComputedStyle(document.documentElement);
  const [text, line] = [style.getPropertyValue("--muted"), style.getPropertyValue("--line")];
  const annotations = panel.annotations ?? [];
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui" };
  const right = panel.lines.some((each) => each.right);
  const from = Date.parse(range.from) / 1000;
  const to = Date.parse(range.to) / 1000;
  const times = panel.times?.length ? panel.times : [from, to];
  const none = times.map(() => null);
  return new uPlot({
    width, height: graphHeight, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    scales: { x: { range: [from, to] }, y: { range: fromZero }, right: { range: fromZero } },
    axes: [axis, { ...axis, size: 56 }, ...(right ? [{ ...axis, scale: "right", side: 1, size: 56, grid: { show: false } }] : [])],
    series: [
      {},
      ...panel.lines.map((each, i) => ({ label: each.label, stroke: colour(i), width: 1.5, spanGaps: false, points: { size: 4 }, scale: each.right ? "right" : "y" })),
      ...annotations.map((each) => ({ label: each.label, stroke: text, width: 1, dash: [5, 4], points: { show: false } })),
    ],
  }, [times, ...panel.lines.map((each) => each.values?.length ? each.values : none), ...annotations.map((each) => times.map(() => each.value))], holder);
}

// fromZero is a scale that shows 0, and more than one value.
const fromZero = (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 1, 1) * 1.05];
