import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Line {
  name: string;
  values: (number | null)[];
  /** Of the palette below. */
  tone: "good" | "bad" | "first" | "second";
  bars?: boolean;
}

const palette = {
  light: { good: "#0f766e", bad: "#b91c1c", first: "#1d4ed8", second: "#a16207", axis: "#57534e", grid: "#e7e5e4" },
  dark: { good: "#2dd4bf", bad: "#f87171", first: "#93c5fd", second: "#fbbf24", axis: "#a8a29e", grid: "#292524" },
};

function optionsOf(width: number, lines: Line[], show: (value: number) => string): uPlot.Options {
  const colours = palette[document.documentElement.classList.contains("dark") ? "dark" : "light"];
  const axis = { stroke: colours.axis, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const bars = uPlot.paths.bars!({ size: [0.7, 12] });
  return {
    width, height: 150, legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, size: 36 }, { ...axis, size: 52, values: (_, ticks) => ticks.map(show) }],
    series: [{}, ...lines.map((line) => ({
      label: line.name, stroke: colours[line.tone], width: 1.5,
      ...(line.bars ? { paths: bars, fill: colours[line.tone], width: 0, points: { show: false } } : {}),
    }))],
  };
}

/** A small chart over time, as wide as it may be. Seconds since the Unix epoch; `says` is what it shows, in a sentence. */
export function Chart({ title, says, at, lines, show }: { title: string; says: string; at: number[]; lines: Line[]; show: (value: number) => string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current!;
    const data = [at, ...lines.map((line) => line.values)] as uPlot.AlignedData;
    let chart: uPlot | null = null;
    const draw = () => {
      chart?.destroy();
      chart = new uPlot(optionsOf(element.clientWidth, lines, show), data, element);
    };
    draw();
    const sized = new ResizeObserver(() => { if (chart && chart.width !== element.clientWidth) chart.setSize({ width: element.clientWidth, height: 150 }); });
    sized.observe(element);
    // Light or dark.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["class"] });
    return () => { sized.disconnect(); themed.disconnect(); chart?.destroy(); };
  }, [at, lines, show]);
  return (
    <figure className="card min-w-0 p-4">
      <figcaption className="mb-2 flex flex-wrap items-baseline justify-between gap-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        <span className="muted text-xs">{says}</span>
      </figcaption>
      <div ref={place} aria-hidden className="h-[150px] overflow-hidden" />
    </figure>
  );
}
