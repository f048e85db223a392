/** The report in words: a table in Markdown, for the terminal and for docs/recognition.md. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Rate } from './measures.js';
import { ReportError, type Report, type Target } from './report.js';

const percent = (share: number | null): string => (share === null ? 'none' : `${(100 * share).toFixed(2)} %`);

export function reportText(report: Report): string {
  const { photos, mated, strangers, tracks, thresholds, chosen_fpir: chosen, range, samples } = report;
  const row = (what: string, { count, of, rate, low, high }: Rate, figure = '') => {
    const interval = low === null || high === null ? '' : `${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)} %`;
    return `| ${what} | ${percent(rate)} | ${interval} | ${count} of ${of} | ${targetFor(report.targets, figure)} |`;
  };
  const known = `named, from ${thresholds.known.toFixed(3)}`;
  const asked = `named or asked about, from ${thresholds.candidate.toFixed(3)}`;
  const lines = [
    `${photos.photos} photos of ${photos.people} people; ${report.enrolled_people} enrolled with three photos each, ${strangers.people} strangers`
      + ` (${report.not_enrollable_people} of them had enough photos, but not three good ones). Photos without a face: ${photos.no_face}; files that are no images: ${photos.not_an_image}.`
      + ` Model pack ${report.model_pack}.`,
    '',
    '| figure | measured | 95 % interval | cases | target |',
    '|---|---|---|---|---|',
    row('rank-1: the best match is the person', mated.rank1, 'mated.rank1'),
    row(`FNIR (${known})`, mated.fnir_known, 'mated.fnir_known'),
    row(`FNIR (${asked})`, mated.fnir_candidate),
    row('enrolled person given a wrong name', mated.wrong_named),
    row('enrolled person, asked about as somebody else', mated.wrong_asked),
    row(`FPIR (${known}; chosen ${percent(chosen.known)})`, strangers.fpir_known, 'strangers.fpir_known'),
    row(`FPIR (${asked}; chosen ${percent(chosen.candidate)})`, strangers.fpir_candidate, 'strangers.fpir_candidate'),
    row('asked for another frame', report.asked_again, 'asked_again'),
    row('- enrolled people\'s probes', mated.asked_again),
    row('- strangers\' photos', strangers.asked_again),
    row(`track of ${tracks.frames} frames: FNIR, named`, tracks.mated.fnir_known, 'tracks.mated.fnir_known'),
    row('- named at the first frame', tracks.mated.named_at_first_frame),
    row('- given a wrong name at any frame', tracks.mated.wrong_named),
    row('- strangers named at any frame', tracks.strangers.fpir_known),
    row('- strangers named or asked about at any frame', tracks.strangers.fpir_candidate),
    row('search: best match as by comparing with all', report.search_recall_at_1),
  ];
  if (samples !== null) {
    lines.push(`| sample photos: faces found | ${samples.found} of ${samples.faces} | | | |`,
      `| sample photos: false faces | ${samples.false_faces} | | | ${targetFor(report.targets, 'samples.false_faces')} |`);
  }
  lines.push('', '| people enrolled | galleries | threshold known / candidate | FNIR named | FNIR named or asked | FPIR named | FPIR named or asked |', '|---|---|---|---|---|---|---|');
  for (const size of report.by_gallery_size) {
    lines.push(`| ${size.people} | ${size.subsets} | ${size.threshold_known.toFixed(3)} / ${size.threshold_candidate.toFixed(3)} | ${percent(size.fnir_known)}`
      + ` | ${percent(size.fnir_candidate)} | ${percent(size.fpir_known)} | ${percent(size.fpir_candidate)} |`);
  }
  if (range.length > 0) {
    lines.push('', `Range: faces put into ${range[0]!.frames} frames of 1280x720 for each height.`, '',
      '| face height | tiles | found | 95 % interval | rank-1 when decided | named when found | asked for another frame | other faces |', '|---|---|---|---|---|---|---|---|');
    for (const one of range) {
      lines.push(`| ${one.height_px} px | ${one.tiles ? 'yes' : 'no'} | ${percent(one.found.rate)} | ${percent(one.found.low)} to ${percent(one.found.high)} | ${percent(one.rank1.rate)}`
        + ` | ${percent(one.named.rate)} | ${percent(one.asked_again.rate)} | ${one.other_faces} |`);
    }
  }
  return lines.join('\n');
}

function targetFor(targets: readonly Target[], figure: string): string {
  const target = targets.find((each) => each.figure === figure);
  return target === undefined ? '' : `${target.wanted}: ${target.met ? 'met' : 'MISSED'}`;
}

const BEGIN = '<!-- report: begin -->';
const END = '<!-- report: end -->';

/**
 * Replaces what stands between the two marks of a page.
 * @throws ReportError when the page cannot be read or has no marks
 */
export async function writeInto(file: string, text: string): Promise<void> {
  const [before, after] = await aroundMarks(file);
  await writeFile(file, `${before}\n${text}\n${after}`);
}

/** The page up to and from its marks; asked before the long work, so that it is not done in vain. @throws ReportError */
export async function aroundMarks(file: string): Promise<[before: string, after: string]> {
  const page = await readFile(file, 'utf8').catch(() => {
    throw new ReportError(`--into: ${file} cannot be read`);
  });
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new ReportError(`--into: ${file} has no "${BEGIN}" before "${END}"`);
  return [page.slice(0, begin + BEGIN.length), page.slice(end)];
}
