/** What became of a stick: for the person at it, for programs, and for the box's own health page. */
import type { AnyErrorCode } from '../appliance/kit/index.js';
import type { Problem, ProblemCode } from './problems.js';
import { CODE_WORDS_ZH, headline, PROBLEM_WORDS_ZH, REQUEST_WORDS, updateWords, WARNING_WORDS, type WarningCode } from './reportWords.js';

/** As of the settings file, and also of what only the box can see: signature, serial, secrets, models. */
export interface StickProblem extends Omit<Problem, 'code'> { code: ProblemCode | AnyErrorCode }

/** Of the settings; where the stick has none, of what else is on it. `refused`: nothing changed; `rolled_back`: the box is as before; `unchanged`: applied already, a dry run, or it waits. */
export const OUTCOMES = ['applied', 'refused', 'rolled_back', 'unchanged'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Warning { code: WarningCode; what: string }
export interface RequestReport { kind: 'wipe' | 'support'; done: boolean; code: AnyErrorCode | null }

/** `waiting`: until the store is closed. `left`: nothing of this stick was done. `looked_at`: it would do. */
export interface UpdateReport {
  file: string;
  outcome: 'applied' | 'waiting' | 'refused' | 'rolled_back' | 'left' | 'looked_at';
  from: string | null;
  to: string | null;
  /** ISO instant from which it runs; null: not known. */
  at: string | null;
  /** Of one that waits: `2026-11-20 22:20` by the store's clock; null: the store never closes. */
  due: string | null;
  code: AnyErrorCode | null;
}

export interface StickReport {
  outcome: Outcome;
  /** Null: nothing went wrong. */
  code: AnyErrorCode | null;
  /** ISO instant. */
  at: string;
  /** Of the settings on the stick; null: not known. */
  serial: number | null;
  boxId: string;
  hostName: string;
  version: string;
  /** What was signed by this key was looked at; for people to compare. */
  keyId: string | null;
  problems: StickProblem[];
  warnings: Warning[];
  requests: RequestReport[];
  /** Null: there was none on the stick. */
  update: UpdateReport | null;
  dryRun: boolean;
  /** Lines of a diff, without secrets. */
  changes: string[];
  /** What was run, or below another root would have been. */
  commands: string[][];
}

/** portico-result.json: all of it but the diff of a real run, which shows the box's inside to whoever holds the stick. */
export function reportJson(report: StickReport): string {
  const { changes, commands, ...rest } = report;
  return `${JSON.stringify(report.dryRun ? { ...rest, changes, commands } : rest, null, 2)}\n`;
}

/** public/stick.json, read by the health page (contract/box.ts, RootRun). Under this name no box tells more to who asks. */
export function publicJson({ at, outcome, serial, problems, code, requests, update }: Pick<StickReport, 'at' | 'outcome' | 'serial' | 'problems' | 'code' | 'requests' | 'update'>): string {
  const undone = outcome === 'unchanged' ? requests.find(({ done }) => !done)?.code ?? update?.code ?? null : null;
  const waits = outcome === 'unchanged' && undone === null && update?.outcome === 'waiting';
  const told = undone !== null ? 'refused' : waits ? 'waiting' : outcome === 'unchanged' ? 'applied' : outcome;
  return `${JSON.stringify({
    at, outcome: told, errorCode: undone ?? code, what: waits ? update.to : serial, serial, problems: problems.length, code, requests,
    update: update === null ? null : { outcome: update.outcome, from: update.from, to: update.to, due: update.due, code: update.code },
  })}\n`;
}

/** portico-result.txt: Chinese first, then English; with a byte order mark and CRLF, for the editor that every Windows has. */
export function reportText(report: StickReport, english: (code: AnyErrorCode) => string): string {
  const { code, problems, requests, warnings, dryRun } = report;
  const done = (each: RequestReport, yes: string, no: string, would: string, words: (code: AnyErrorCode) => string) => (dryRun && problems.length === 0 ? would : each.done ? yes : each.code === null ? no : words(each.code));
  const chinese = (each: AnyErrorCode) => CODE_WORDS_ZH[each] ?? english(each);
  const place = ({ file, line, column }: StickProblem) => (line > 0 ? `${file}:${line}:${column}` : file);
  const zh = [
    'Portico 门店盒：U 盘处理结果', ...headline(report, 'zh-CN'),
    ...(code === null ? [] : [CODE_WORDS_ZH[code] ?? english(code)]),
    `时间 ${report.at}　盒子编号 ${report.boxId}　版本 ${report.version}　设置序号 ${report.serial ?? '—'}`,
    ...requests.map((each) => `${REQUEST_WORDS['zh-CN'][each.kind]}：${done(each, '已执行', '未执行', '将会执行', chinese)}`),
    ...updateWords(report.update, 'zh-CN', (each) => CODE_WORDS_ZH[each] ?? english(each)),
    ...warnings.map((each) => `注意：${WARNING_WORDS['zh-CN'][each.code]}（${each.what}）`),
    ...(problems.length === 0 ? [] : ['', `需要改的地方（${problems.length} 处，文件:行:列）：`]),
    ...problems.map((each) => `  ${place(each)}　${each.path}　${(PROBLEM_WORDS_ZH as Record<string, string>)[each.code] ?? CODE_WORDS_ZH[each.code as AnyErrorCode] ?? ''}`),
  ];
  const en = [
    'Portico box: what became of this stick', ...headline(report, 'en'),
    ...(code === null ? [] : [english(code)]),
    `At ${report.at}   box ${report.boxId}   version ${report.version}   serial ${report.serial ?? '-'}`,
    ...requests.map((each) => `${REQUEST_WORDS.en[each.kind]}: ${done(each, 'done', 'not done', 'would be done', english)}`),
    ...updateWords(report.update, 'en', english),
    ...warnings.map((each) => `Note: ${WARNING_WORDS.en[each.code]} (${each.what})`),
    ...(problems.length === 0 ? [] : ['', `To be put right (${problems.length}, file:line:column):`]),
    ...problems.map((each) => `  ${place(each)}   ${each.path === '' ? '' : `${each.path}: `}${each.message}`),
  ];
  return `\ufeff${[...zh, '', '----------------------------------------', '', ...en, ''].join('\r\n')}`;
}
