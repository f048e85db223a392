/** The words of suggestions: as delivered, what may stand in them in braces, and filling them in. Pure. */
import type { Language, SuggestionKind, Words } from '../contract/index.js';

/** What may stand in braces, by kind. Each always has a value. */
export const PLACEHOLDERS = {
  ticket_ready: ['name', 'ticket', 'readyOn'],
  wish_arrived: ['name', 'wish', 'wishedOn', 'arrivedOn'],
  appointment_today: ['name', 'subject', 'time'],
  follow_up_due: ['name', 'followUp', 'author', 'writtenOn'],
  date_near: ['name', 'occasion', 'when'],
  taste_new: ['name', 'product', 'taste'],
  welcome_back: ['name', 'lastTime'],
  first_visit: ['name'],
} as const satisfies Record<SuggestionKind, readonly string[]>;

/** As a good shop says it to its own staff. */
export const BUILT_IN: Readonly<Record<SuggestionKind, Words>> = {
  ticket_ready: { 'zh-CN': '“{ticket}”已经办好，请{name}过目', en: '“{ticket}” is ready for {name}' },
  wish_arrived: { 'zh-CN': '{name}{wishedOn}问过的{wish}到货了，可以拿给{name}看看', en: '{wish}, which {name} asked about on {wishedOn}, has arrived: offer to show it' },
  appointment_today: { 'zh-CN': '{name}今天{time}有预约：{subject}', en: '{name} has an appointment at {time}: {subject}' },
  follow_up_due: { 'zh-CN': '答应过{name}：{followUp}', en: 'Promised to {name}: {followUp}' },
  date_near: { 'zh-CN': '{name}的{occasion}是{when}，记得道一声祝贺', en: '{name}’s {occasion} is {when}: a kind word is welcome' },
  taste_new: { 'zh-CN': '新到了{product}，可以给{name}看看（{taste}）', en: 'New in: {product}. {name} may like to see it ({taste})' },
  welcome_back: { 'zh-CN': '欢迎{name}回来，{lastTime}', en: 'Welcome {name} back; {lastTime}' },
  first_visit: { 'zh-CN': '{name}第一次登记到店，先自我介绍，不必着急', en: 'First visit on record for {name}: introduce yourself and take your time' },
};

/** What a suggestion rests on, said the same in every store: a reason is no matter of taste. */
export const REASONS = {
  ticket: { 'zh-CN': '工单{readyOn}办好', en: 'Ticket ready since {readyOn}' },
  wish: { 'zh-CN': '{wishedOn}记的心愿；{arrivedOn}到货', en: 'Wish noted on {wishedOn}; in since {arrivedOn}' },
  appointment: { 'zh-CN': '{madeOn}约好，预计{minutes}分钟', en: 'Made on {madeOn}, about {minutes} min' },
  appointment_with: { 'zh-CN': '{madeOn}约好，由{adviser}接待，预计{minutes}分钟', en: 'Made on {madeOn}, with {adviser}, about {minutes} min' },
  follow_up: { 'zh-CN': '{author}{writtenOn}记下，没有期限', en: 'Noted by {author} on {writtenOn}, no date set' },
  follow_up_today: { 'zh-CN': '{author}{writtenOn}记下，今天到期', en: 'Noted by {author} on {writtenOn}, due today' },
  follow_up_overdue: { 'zh-CN': '{author}{writtenOn}记下，应在{due}完成', en: 'Noted by {author} on {writtenOn}, was due on {due}' },
  follow_up_later: { 'zh-CN': '{author}{writtenOn}记下，{due}到期', en: 'Noted by {author} on {writtenOn}, due on {due}' },
  date: { 'zh-CN': '档案里的重要日子：{day}', en: 'Among the important dates: {day}' },
  taste_stated: { 'zh-CN': '顾客说过喜欢“{like}”；{arrivedOn}到货', en: 'The customer said: “{like}”; in since {arrivedOn}' },
  taste_stated_when: { 'zh-CN': '顾客说过喜欢“{like}”（{statedOn}，{by}记）；{arrivedOn}到货', en: 'The customer said: “{like}” (noted by {by} on {statedOn}); in since {arrivedOn}' },
  taste_repeated: { 'zh-CN': '{taste}：买过{bought}件，看过{lookedAt}件，{days}个不同日子；{arrivedOn}到货', en: '{taste}: bought {bought}, looked at {lookedAt}, on {days} different days; in since {arrivedOn}' },
  welcome: { 'zh-CN': '依据到店记录', en: 'From the record of visits' },
  first: { 'zh-CN': '到店记录里没有更早的一次', en: 'No earlier visit on record' },
} as const satisfies Record<string, Words>;
export type Reason = keyof typeof REASONS;

export type Values = Readonly<Record<string, Words>>;
const BRACED = /\{([^{}]*)\}/g;
/** Of the contract's Suggestion, in characters. */
const LENGTH_MAX = 400;

/** Braces as a Chinese keyboard types them mean the same. */
export const asTyped = (template: string): string => template.trim().replaceAll('｛', '{').replaceAll('｝', '}');

/** What cannot stand in these words: something in braces that is not of the kind, or a brace without its other half; null: all is well. */
export function wrongIn(template: string, kind: SuggestionKind): string | null {
  const known: readonly string[] = PLACEHOLDERS[kind];
  const rest = template.replace(BRACED, (whole, name: string) => (known.includes(name.trim()) ? ' ' : whole));
  return /\{[^{}]*\}|[{}].{0,20}/s.exec(rest)?.[0] ?? null;
}

/** Puts the values in; they are text, whatever stands in them. What has no value stays as it is. Longer than 400 characters is cut. */
export function fill(template: string, values: Values, language: Language): string {
  const text = template.replace(BRACED, (whole, name: string) => (Object.hasOwn(values, name.trim()) ? values[name.trim()]![language] : whole));
  const characters = [...text];
  return characters.length > LENGTH_MAX ? `${characters.slice(0, LENGTH_MAX - 1).join('')}…` : text;
}

export function fillBoth(template: Words, values: Values): Words {
  return { 'zh-CN': fill(template['zh-CN'], values, 'zh-CN'), en: fill(template.en, values, 'en') };
}
