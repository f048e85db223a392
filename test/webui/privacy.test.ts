/** The privacy office's page: terms, zones, the draft of a notice, where tasks lead. */
import t from 'tap';
import { LANGUAGES, NOTICE_FIELDS, PRIVACY_TASKS, RETENTION_KINDS, type NoticeDraft } from '../../appliance/contract/index.js';
import { privacyEn } from '../../webui/src/i18n/privacy.en.js';
import { privacyZh } from '../../webui/src/i18n/privacy.zh-CN.js';
import { clockTime, dayAndTime, dayIn, instantOf, longDay, minuteIn, shortDay } from '../../webui/src/format/when.js';
import { aloneIn, changesOf, missingOf, textOf, WEIGHTS, withText } from '../../webui/src/privacy/noticeDraft.js';
import { badges, placeOf, sectionOf, SECTIONS } from '../../webui/src/privacy/tasks.js';
import { nextTerm, termOf } from '../../webui/src/privacy/term.js';
import { area, MAX_CORNERS, MIN_CORNERS, moved, RECTANGLE, withCorner, withoutCorner } from '../../webui/src/privacy/zone.js';

t.test('a term is said in days, months or years', async (t) => {
  t.strictSame(termOf(1), { unit: 'days', n: 1 });
  t.strictSame(termOf(29), { unit: 'days', n: 29 });
  t.strictSame(termOf(30), { unit: 'months', n: 1 });
  t.strictSame(termOf(330), { unit: 'months', n: 11 });
  t.strictSame(termOf(365), { unit: 'years', n: 1 });
  t.strictSame(termOf(366), { unit: 'years', n: 1 }, 'a leap year');
  t.strictSame(termOf(1096), { unit: 'years', n: 3 });
  t.strictSame(termOf(400), { unit: 'days', n: 400 }, 'nothing is rounded away');
  t.strictSame(termOf(364), { unit: 'days', n: 364 }, 'never longer than it is');
});

t.test('a thumb steps through every term from the shortest to the longest and back, never outside', async (t) => {
  for (const [min, max] of [[1, 36_500], [45, 1096], [1096, 3653], [7, 7]] as const) {
    const up = [min as number];
    while (up.at(-1)! < max) up.push(nextTerm(up.at(-1)!, 1, min, max));
    t.ok(up.every((days, i) => i === 0 || days > up[i - 1]!), `${min} to ${max} in ${up.length} steps`);
    let days: number = max;
    while (days > min) days = nextTerm(days, -1, min, max);
    t.equal(days, min);
    t.equal(nextTerm(max, 1, min, max), max);
    t.equal(nextTerm(min, -1, min, max), min);
  }
});

t.test('corners stay in the frame, and neither too few nor too many', async (t) => {
  t.strictSame(moved(RECTANGLE, 0, -3, 0.12345)[0], { x: 0, y: 0.123 });
  t.strictSame(moved(RECTANGLE, 2, 7, 7)[2], { x: 1, y: 1 });
  t.equal(RECTANGLE[0]!.x, 0.2, 'the old zone is as it was');
  let zone = RECTANGLE;
  for (let i = 0; i < 20; i++) zone = withCorner(zone, zone.length - 1);
  t.equal(zone.length, MAX_CORNERS);
  t.ok(Math.abs(area(zone) - area(RECTANGLE)) < 0.002, 'a corner in the middle of an edge changes no area');
  for (let i = 0; i < 20; i++) zone = withoutCorner(zone, 0);
  t.equal(zone.length, MIN_CORNERS);
  t.equal(area([{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }]), 1);
});

t.test('a draft lacks what nobody wrote, in either language', async (t) => {
  let draft: NoticeDraft = { maxTermDays: 366, sections: [] };
  t.equal(missingOf(draft, NOTICE_FIELDS, LANGUAGES).length, NOTICE_FIELDS.length * LANGUAGES.length);
  for (const field of NOTICE_FIELDS) for (const language of LANGUAGES) draft = withText(draft, language, field, `${field} ${language}`);
  t.strictSame(missingOf(draft, NOTICE_FIELDS, LANGUAGES), []);
  draft = withText(draft, 'en', 'rights', '  \n ');
  t.strictSame(missingOf(draft, NOTICE_FIELDS, LANGUAGES), [{ language: 'en', field: 'rights' }]);
  t.equal(textOf(draft, 'zh-CN', 'rights'), 'rights zh-CN');
  t.equal(draft.sections.length, NOTICE_FIELDS.length * LANGUAGES.length, 'one text a field and language');
});

t.test('every task leads to a page of the office, and is counted there', async (t) => {
  for (const task of PRIVACY_TASKS) t.ok([...SECTIONS, 'privacy-deletions'].includes(placeOf(task)), task);
  t.strictSame(badges([{ task: 'requests_overdue', count: 2 }, { task: 'requests_due_soon', count: 3 }, { task: 'audit_broken', count: 0 }]),
    { 'privacy-requests': 5, 'privacy-audit': 1 });
  t.equal(sectionOf('privacy-zone'), 'privacy-mode');
  t.equal(sectionOf('privacy-request'), 'privacy-requests');
});

t.test('what changed is named by part and language, and only what explains weighs nothing', async (t) => {
  const sections = NOTICE_FIELDS.flatMap((field) => LANGUAGES.map((language) => ({ language, field, text: `${field} ${language}` })));
  const published = { maxTermDays: 366, sections };
  t.strictSame(changesOf({ ...published, sections: [...sections].reverse() }, published), []);
  let draft = withText(withText(published, 'en', 'purpose', 'statistics'), 'zh-CN', 'purpose', '统计');
  draft = withText({ ...draft, maxTermDays: 31 }, 'zh-CN', 'necessity', '说明');
  const changes = changesOf(draft, published);
  t.strictSame(changes, [
    { part: 'purpose', languages: ['zh-CN', 'en'] }, { part: 'necessity', languages: ['zh-CN'] }, { part: 'term', languages: [] },
  ]);
  t.strictSame(changes.map(aloneIn), [null, 'zh-CN', null]);
  t.strictSame(Object.entries(WEIGHTS).filter(([, weight]) => weight === null), [['necessity', null]]);
});

t.test('an instant is shown as the clock in the store has it, a day stays a day', async (t) => {
  const at = '2026-09-30T23:05:09.000Z';
  for (const [zone, day, time] of [['Asia/Shanghai', '2026-10-01', '07:05'], ['America/New_York', '2026-09-30', '19:05'], ['UTC', '2026-09-30', '23:05']] as const) {
    t.equal(dayIn(at, zone), day);
    t.equal(clockTime(at, zone, 'en'), time);
    t.equal(clockTime(at, zone, 'zh-CN', true), `${time}:09`);
    t.equal(minuteIn(at, zone), `${day}T${time}`);
    t.equal(instantOf(minuteIn(at, zone), zone), '2026-09-30T23:05:00.000Z', 'a minute and its instant are the same moment');
    t.equal(longDay('2026-10-01', zone, 'zh-CN'), '2026年10月1日');
    t.equal(shortDay('2026-12-24', Date.parse(at), zone, 'zh-CN'), '12月24日');
  }
  t.equal(clockTime('2026-09-30T16:00:00Z', 'Asia/Shanghai', 'en'), '00:00', 'midnight is 0, not 24');
  t.equal(dayAndTime('2026-09-30T15:59:00Z', Date.parse('2026-09-30T16:01:00Z'), 'Asia/Shanghai', 'zh-CN'), '昨天 23:59', 'yesterday in the store, two minutes ago');
  t.equal(shortDay('2026-10-01', Date.parse(at), 'America/New_York', 'en'), 'tomorrow');
  t.equal(instantOf('2026-11-01T01:30', 'America/New_York'), '2026-11-01T05:30:00.000Z', 'the clock is put back: the first of the two');
  t.equal(instantOf('2026-11-01T03:00', 'America/New_York'), '2026-11-01T08:00:00.000Z');
  t.equal(instantOf('2026-03-08T03:30', 'America/New_York'), '2026-03-08T07:30:00.000Z', 'put forward an hour before');
  t.equal(instantOf('', 'Asia/Shanghai'), null);
});

t.test('the words name every kind, and say the same blanks in both languages', async (t) => {
  t.strictSame(Object.keys(privacyZh.retention.kind).sort(), [...RETENTION_KINDS].sort());
  const blanks = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  const wrong: string[] = [];
  let compared = 0;
  const walk = (zh: object, en: object, path: string): void => {
    for (const [key, value] of Object.entries(zh)) {
      const other = (en as Record<string, unknown>)[key];
      if (typeof value === 'string') {
        compared++;
        // @ and | are signs of the message compiler's own.
        if (String(blanks(String(other))) !== String(blanks(value)) || /[@|]/.test(value)) wrong.push(`${path}.${key}`);
      } else walk(value as object, other as object, `${path}.${key}`);
    }
  };
  walk(privacyZh, privacyEn, 'privacy');
  t.strictSame(wrong, []);
  t.ok(compared > 400, `${compared} texts`);
});
