"use strict";
// Draws the plots of a report and moves what its sliders and filters move; every text it writes is text, never markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const [SCORE, COVERAGE, PRECISION, LOW, HIGH, RECALL, RIGHT, TOTAL] = [0, 1, 2, 3, 4, 5, 6, 7];
  const HEIGHT = 300;
  const told = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const chosen = () => {
    const place = Number(at("label").value);
    return place < 0 ? data.curve : data.labels[place].curve;
  };

  // The curve runs from the highest cutoff to the lowest: what is given at a cutoff is the last point not below it.
  const pointAt = (curve, cutoff) => curve.filter((point) => point[SCORE] >= cutoff - 1e-9).at(-1);

  const axes = (x, y) => {
    const common = { stroke: () => color("--ink"), grid: { stroke: () => color("--grid"), width: 1 },
      ticks: { stroke: () => color("--grid"), width: 1 }, font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif", labelSize: 22 };
    return [{ ...common, label: x, size: 34 }, { ...common, label: y, size: 44 }];
  };
  const scales = { x: { time: false, range: [0, 1] }, y: { range: [0, 1.02] } };
  const value = (_, number) => told(number);
  const faint = (label) => ({ label, value, stroke: () => color("--band"), width: 1, points: { show: false } });
  const width = (place) => Math.max(240, Math.floor(place.getBoundingClientRect().width));

  const drawMark = (plot) => {
    const point = pointAt(chosen(), Number(at("cutoff").value));
    if (!point) return;
    const { ctx, bbox } = plot;
    const x = plot.valToPos(point[COVERAGE], "x", true);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = color("--mark");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (point[PRECISION] !== null) {
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(point[PRECISION], "y", true), 5 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  };

  const drawCurve = (place) => new uPlot({
    width: width(place), height: HEIGHT, scales, hooks: { draw: [drawMark] }, axes: axes("coverage", "precision"),
    series: [{ label: "coverage", value },
      { label: "precision", value, stroke: () => color("--line"), width: 2, points: { show: false } },
      faint("from"), faint("to")],
    bands: [{ series: [3, 2], fill: () => color("--band") }],
  }, columns(chosen()), place);

  const columns = (curve) => [COVERAGE, PRECISION, LOW, HIGH].map((place) => curve.map((point) => point[place]));

  const drawBins = (place) => {
    const bins = data.bins;
    const ends = [[0, null, null, null, 0], ...bins.map((bin) => [...bin, bin[0]]), [1, null, null, null, 1]];
    return new uPlot({
      width: width(place), height: HEIGHT, scales, axes: axes("score", "share of right ones"),
      series: [{ label: "score", value },
        { label: "right", value, stroke: () => color("--line"), width: 2, points: { show: true, size: 7, fill: () => color("--line") } },
        faint("from"), faint("to"),
        { label: "where they are equal", value, stroke: () => color("--diagonal"), width: 1, dash: [6, 4], points: { show: false } }],
      bands: [{ series: [3, 2], fill: () => color("--band") }],
    }, [0, 1, 2, 3, 4].map((column) => ends.map((end) => end[column])), place);
  };

  const read = () => {
    const cutoff = Number(at("cutoff").value);
    at("cutoff-value").value = told(cutoff, 2);
    at("target-value").value = told(Number(at("target").value), 2);
    const point = pointAt(chosen(), cutoff);
    const sentence = !point ? "No issue gets a label: no score is so high."
      : `From ${told(point[SCORE])} on, ${told(100 * point[COVERAGE], 1)} % of the issues get it: precision ${told(point[PRECISION])}`
        + ` (${told(point[LOW])} to ${told(point[HIGH])}, ${point[RIGHT]} of ${point[TOTAL]} right), recall ${told(point[RECALL])}.`;
    at("reading").textContent = sentence.replace("get it", Number(at("label").value) < 0 ? "get a label" : "get it");
  };

  const reach = () => {
    const wanted = Number(at("target").value);
    const reached = chosen().filter((point) => point[PRECISION] !== null && point[PRECISION] >= wanted - 1e-9).at(-1);
    if (reached) {
      // Down to a step of the slider, else the point itself would be above it.
      at("cutoff").value = (Math.floor(reached[SCORE] * 100) / 100).toFixed(2);
      read();
      const found = pointAt(chosen(), Number(at("cutoff").value));
      if (found && found[PRECISION] < wanted - 1e-9) at("cutoff").value = (Math.ceil(reached[SCORE] * 100) / 100).toFixed(2);
    }
    read();
    if (!reached) at("reading").textContent = `No cutoff reaches a precision of ${told(wanted, 2)} on these issues. ${at("reading").textContent}`;
  };

  const startPlots = () => {
    let plots = [];
    const places = [[at("curve"), drawCurve], [at("bins"), drawBins]];
    const draw = () => {
      plots.forEach((plot) => plot.destroy());
      plots = places.map(([place, make]) => make(place));
    };
    const moved = () => plots[0].redraw(false);
    draw();
    at("cutoff").addEventListener("input", () => { read(); moved(); });
    at("target").addEventListener("input", () => { reach(); moved(); });
    at("label").addEventListener("change", () => {
      const cutoff = Number(at("label").value) < 0 ? null : data.labels[Number(at("label").value)].cutoff;
      if (cutoff !== null) at("cutoff").value = cutoff;
      read();
      plots[0].setData(columns(chosen()));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    addEventListener("resize", () => places.forEach(([place], index) => plots[index].setSize({ width: width(place), height: HEIGHT })));
    read();
  };

  const startMistakes = () => {
    const rows = [...at("mistakes").tBodies[0].rows];
    const filter = () => {
      const words = at("words").value.toLowerCase().split(/\s+/).filter(Boolean);
      const about = at("about").value;
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        const labels = JSON.parse(row.dataset.labels);
        row.hidden = !(words.every((word) => text.includes(word)) && (!about || labels.includes(about))
          && (!at("given").checked || row.dataset.given === "yes"));
      });
      at("shown").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
    };
    ["words", "about", "given"].forEach((id) => at(id).addEventListener("input", filter));
    filter();
  };

  if (at("curve")) startPlots();
  if (at("mistakes")) startMistakes();
})();
