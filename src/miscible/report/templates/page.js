(() => {
  "use strict";
  const swap = JSON.parse(document.getElementById("swap").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;
  const hex = (parts) => "#" + parts.map((p) => Number(p).toString(16).padStart(2, "0")).join("");

  function recoloured(text) {
    if (text[0] === "#") return swap[text] || text;
    const parts = /^rgba\((\d+),(\d+),(\d+),([\d.]+)\)$/.exec(text);
    const other = parts && swap[hex(parts.slice(1, 4))];
    if (!other) return text;
    const channels = [1, 3, 5].map((i) => parseInt(other.slice(i, i + 2), 16));
    return `rgba(${channels.join(",")},${parts[4]})`;
  }

  function recolour(value) {
    if (typeof value === "string") return recoloured(value);
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(recolour);
    if (value && typeof value === "object") {
      for (const key of Object.keys(value)) value[key] = recolour(value[key]);
    }
    return value;
  }

  function draw(plot) {
    let figure = JSON.parse(document.getElementById(plot.id + "-data").textContent);
    if (dark.matches && !printing) figure = recolour(figure);
    if (touch) {
      figure.layout.dragmode = false;
      for (const name of ["xaxis", "yaxis"]) if (figure.layout[name]) figure.layout[name].fixedrange = true;
    }
    plot.dataset.drawn = "yes";
    return Plotly.react(plot, figure.data, figure.layout, {
      responsive: true,
      displaylogo: false,
      displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false,
      modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    });
  }

  let printing = false;
  const plots = Array.from(document.querySelectorAll(".plot"));
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "600px" },
  );
  plots.forEach((plot) => watcher.observe(plot));
  dark.addEventListener("change", () => plots.filter((p) => p.dataset.drawn).forEach(draw));
  const visible = () => plots.filter((p) => p.offsetParent !== null);
  addEventListener("beforeprint", () => {
    printing = true;
    visible().forEach(draw);
  });
  addEventListener("afterprint", () => {
    printing = false;
    if (dark.matches) visible().forEach(draw);
  });

  const links = new Map(Array.from(document.querySelectorAll(".toc a[href^='#']"), (a) => [a.hash.slice(1), a]));
  const spy = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -80% 0px" },
  );
  document.querySelectorAll("main header, main section").forEach((section) => spy.observe(section));
})();
