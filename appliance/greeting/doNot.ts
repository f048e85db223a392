/**
 * What a do-not line forbids to bring up. Pure. Only plain words are understood; the line itself stands above the suggestion, and what it means
 * beyond that is for whoever reads it. A line that is about something else (prices, face recognition, how to hold a watch) silences nothing.
 */
import type { SuggestionKind } from '../contract/index.js';

/** Of the kinds, what the customer did not ask for; the others answer a wish, a promise, an appointment. */
type Unasked = Extract<SuggestionKind, 'date_near' | 'taste_new'>;

/** How to reach somebody who is not there: says nothing about the shop floor. No suggestion calls or writes. */
const CONTACT = /电话|来电|致电|短信|微信|邮件|邮箱|联系|\b(?:phone|call(?:s|ed|ing)?|texts?|texting|sms|wechat|e-?mail(?:s|ed|ing)?|contact(?:s|ed|ing)?)\b/i;
/** Wants to be left alone: then nothing that was not asked for. */
const ALONE = /打扰|勿扰|打搅|自己(?:看|逛|挑|选|来)|自行|独自|跟随|(?:别|不要|不用|勿|请勿|不喜欢被?)(?:一直)?跟|靠近|搭话|搭讪|搭理|上前|主动(?:接近|接待|招呼|介绍|服务)|打招呼|\b(?:alone|undisturbed|disturb|browse|browsing|approach|follow|hover|bother)/i;
const FORBIDS: readonly [Unasked, RegExp][] = [
  ['date_near', /生日|诞辰|纪念日|祝贺|庆祝|节日|\b(?:birthdays?|anniversar(?:y|ies)|congratulat|celebrat)/i],
  ['taste_new', /推销|推荐|新品|新款|新货|促销|介绍(?!信)|\b(?:recommend|suggest|promot|pitch|upsell|up-sell|sell(?:ing)?\b|new arrivals?|new products?)/i],
];

/** @param lines as staff wrote them */
export function silencedBy(lines: readonly string[]): ReadonlySet<SuggestionKind> {
  const floor = lines.filter((line) => !CONTACT.test(line));
  const isAlone = floor.some((line) => ALONE.test(line));
  return new Set(FORBIDS.filter(([, words]) => isAlone || floor.some((line) => words.test(line))).map(([kind]) => kind));
}
