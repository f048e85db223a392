/** The report's three drawings, as SVG text. */
import * as echarts from 'echarts';
import type { DetPoint } from './measures.js';

const SIZE = { width: 760, height: 460 } as const;
/** Told apart with any kind of colour vision (Okabe and Ito 2008), on white so that a dark page does not swallow them. */
const BLUE = '#0072b2';
const ORANGE = '#d55e00';
const GREY = '#666666';
const GREEN = '#009e73';
const TEXT = { color: '#222222', fontSize: 13 } as const;

export interface Operating { name: string; threshold: number; fpir: number; fnir: number }
export interface BySize { people: number; fnir_known: number; fnir_candidate: number; fpir_known: number }

/** @param share 0..1 */
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** FNIR against FPIR on logarithmic axes. A point at 0 cannot be drawn there: it is left out of the line. */
export function detPlot(single: readonly DetPoint[], track: readonly DetPoint[], operating: readonly Operating[], counts: {
  mated: number; strangers: number; matedTracks: number; strangerTracks: number; people: number;
}): string {
  const line = (points: readonly DetPoint[]) => points.filter(({ fpir, fnir }) => fpir > 0 && fnir > 0).map(({ fpir, fnir }) => [fpir, fnir]);
  const floor = powerOfTenBelow(0.5 / Math.max(1, counts.mated));
  const left = powerOfTenBelow(0.5 / Math.max(1, counts.strangers));
  return draw({
    ...titled('DET curve: false negatives against false positives',
      `${counts.people} people enrolled; one photo: ${counts.mated} mated, ${counts.strangers} of strangers; three fused: ${counts.matedTracks} and ${counts.strangerTracks} tracks`),
    xAxis: { ...logAxis('FPIR: strangers taken for somebody', left), min: left, max: 1 },
    yAxis: { ...logAxis('FNIR: enrolled people not recognised', floor), min: floor, max: 1 },
    series: [
      { name: 'one photo', type: 'line', step: 'end', showSymbol: false, lineStyle: { width: 2.5 }, color: BLUE, data: line(single) },
      { name: 'three photos fused', type: 'line', step: 'end', showSymbol: false, lineStyle: { width: 2.5, type: 'dashed' }, color: ORANGE, data: line(track) },
      {
        name: 'the store\'s thresholds (one photo)', type: 'scatter', symbol: 'diamond', symbolSize: 13, color: '#222222',
        data: operating.map(({ name, fpir, fnir, threshold }, i) => ({
          value: [Math.max(fpir, left), Math.max(fnir, floor)],
          label: { ...TEXT, show: true, position: 'top', distance: 8 + 18 * i, formatter: `${name} ${threshold.toFixed(3)}: FNIR ${percent(fnir)} at ${percent(fpir)}` },
        })),
      },
    ],
  });
}

/** How alike people are to themselves and to others. */
export function scoresPlot(bins: { from: number; width: number; mated: readonly number[]; strangers: readonly number[] }, thresholds: { known: number; candidate: number }): string {
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const bars = (counts: readonly number[]) => counts.map((count, i) => [bins.from + (i + 0.5) * bins.width, total(counts) === 0 ? 0 : count / total(counts)]);
  const area = (name: string, color: string, counts: readonly number[]) => ({
    name, type: 'line' as const, step: 'middle' as const, showSymbol: false, color, lineStyle: { width: 2 }, areaStyle: { opacity: 0.25 }, data: bars(counts),
  });
  return draw({
    ...titled('Scores', `best match of ${total(bins.mated)} probes of enrolled people and of ${total(bins.strangers)} strangers' photos`),
    xAxis: { ...valueAxis('cosine similarity'), min: bins.from, max: Number((bins.from + bins.width * bins.mated.length).toFixed(2)), interval: 0.1 },
    yAxis: { ...valueAxis('share of the probes'), axisLabel: { ...TEXT, formatter: percent } },
    series: [
      {
        ...area('strangers', ORANGE, bins.strangers),
        markLine: {
          symbol: 'none', silent: true, precision: 6, lineStyle: { color: GREY, type: 'dashed', width: 1.5 },
          data: [
            { xAxis: thresholds.candidate, label: { ...TEXT, formatter: `candidate\n${thresholds.candidate.toFixed(3)}`, align: 'right' } },
            { xAxis: thresholds.known, label: { ...TEXT, formatter: `known\n${thresholds.known.toFixed(3)}`, align: 'left' } },
          ],
        },
      },
      area('enrolled people', BLUE, bins.mated),
    ],
  });
}

/** Errors at the thresholds that the product derives for each size of the gallery, smallest first. */
export function bySizePlot(rows: readonly BySize[], chosen: { known: number }, counts: { mated: number; strangers: number; subsets: number }): string {
  const line = (name: string, color: string, type: 'solid' | 'dashed', of: (row: BySize) => number, symbol: string) => ({
    name, type: 'line' as const, color, symbol, symbolSize: 8, lineStyle: { width: 2.5, type }, data: rows.map((row) => [row.people, of(row)]),
  });
  const sizes = rows.map(({ people }) => people);
  return draw({
    ...titled('Errors against the number of people enrolled',
      `mean of ${counts.subsets} random galleries of each size, thresholds as the box derives them; ${counts.mated} mated probes, ${counts.strangers} of strangers`),
    xAxis: {
      ...logAxis('people enrolled', sizes[0]!), max: sizes.at(-1)!, axisTick: { customValues: sizes }, splitLine: { show: false },
      axisLabel: { ...TEXT, customValues: sizes, hideOverlap: true },
    },
    yAxis: { ...valueAxis('share of the probes'), min: 0, axisLabel: { ...TEXT, formatter: percent } },
    series: [
      {
        ...line('FPIR: strangers named', ORANGE, 'solid', (row) => row.fpir_known, 'circle'),
        markLine: {
          symbol: 'none', silent: true, precision: 6, lineStyle: { color: GREY, type: 'dashed', width: 1.5 },
          data: [{ yAxis: chosen.known, label: { ...TEXT, position: 'insideEndTop', formatter: `chosen FPIR ${percent(chosen.known)}` } }],
        },
      },
      line('FNIR: not named', BLUE, 'solid', (row) => row.fnir_known, 'rect'),
      line('FNIR: neither named nor asked about', GREEN, 'dashed', (row) => row.fnir_candidate, 'triangle'),
    ],
  });
}

function titled(text: string, subtext: string) {
  return {
    backgroundColor: '#ffffff', animation: false,
    title: { text, subtext, left: 16, top: 10, textStyle: { color: '#111111', fontSize: 17 }, subtextStyle: { ...TEXT, fontSize: 12 } },
    legend: { top: 62, left: 16, itemGap: 34, textStyle: TEXT },
    grid: { left: 84, right: 40, top: 124, bottom: 62 },
  };
}

function valueAxis(name: string) {
  return { type: 'value' as const, name, nameLocation: 'middle' as const, nameGap: name.startsWith('share') ? 62 : 36, nameTextStyle: TEXT, axisLabel: TEXT, axisLine: { onZero: false } };
}

function logAxis(name: string, min: number) {
  return {
    type: 'log' as const, name, nameLocation: 'middle' as const, nameGap: name.startsWith('FNIR') ? 62 : 36, nameTextStyle: TEXT,
    axisLabel: { ...TEXT, formatter: percent }, logBase: 10, min, splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
  };
}

function powerOfTenBelow(value: number): number {
  return 10 ** Math.floor(Math.log10(value));
}

function draw(option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
