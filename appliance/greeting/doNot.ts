/**
 * What do-not lines forbid to bring up. Pure. Each clause of a line is read by itself, and the first that fits counts:
 * 1. the customer wants to be left alone (not only by phone): nothing that was not asked for;
 * 2. it names a birthday or a sale: that is not brought up, however else the clause is put ("no calls about birthdays");
 * 3. it is about something that no suggestion does (a call, a photo, a price, how to pack): silences nothing;
 * 4. nobody here understands it: nothing that was not asked for, to be safe. A clause that forbids nothing, beside one that was understood,
 *    only says why.
 * The line itself always stands above the suggestion, for whoever reads it.
 */
import type { SuggestionKind } from '../contract/index.js';

/** Of the kinds, what the customer did not ask for; the others answer a wish, a promise, an appointment. */
type Unasked = Extract<SuggestionKind, 'date_near' | 'taste_new'>;
const UNASKED: readonly Unasked[] = ['date_near', 'taste_new'];

const FORBIDS: readonly [Unasked, RegExp][] = [
  ['date_near', /生日|生辰|诞辰|寿|纪念日|周年|祝|庆|节日|过节|\b(?:birthday|bday|b-day|anniversar|congrat|celebrat|holiday|wish(?:es)?\b)/],
  ['taste_new', /推(?![迟后辞掉开门车])|新(?:品|款|货|到|上|表|系列)|上新|促销|带货|安利|种草|[硬强]?卖|介绍(?!信)|\b(?:recommend|suggest|promot|pitch|push|up-?sell|sell|sales\b|offers?\b|new (?:arrival|product|model|piece|collection|item|stuff))/],
];
const ALONE = /打扰|勿扰|打搅|自己(?:看|逛|挑|选|来)|自行|独自|跟随|(?:别|不要|不用|勿|不喜欢被?|不必)(?:一直)?跟|靠近|搭话|搭讪|搭理|上前|主动(?:接近|接待|招呼|介绍|服务)|打招呼|\b(?:alone|undisturbed|disturb|browse|browsing|approach|follow(?!.?up)|hover|bother)/;
/** Ways to reach somebody who is not there. Nobody is left alone on the shop floor by "no phone calls that disturb". */
const CONTACT = '电话|来电|致电|手机|短信|微信|消息|邮件|邮箱|联系|上门|寄|\\b(?:phone|call|text|sms|wechat|message|e-?mail|mail|contact)(?:s|ed|ing)?\\b';
const BY_CONTACT = new RegExp(`(?:${CONTACT}).*(?:打扰|打搅|disturb|bother)|(?:disturb|bother).*\\b(?:by|with|on|via|over)\\b.*(?:${CONTACT})`);
/** What no suggestion does: contact; face and pictures; money; the manner of serving; what is poured, touched or smelt; names. */
const ELSEWHERE = new RegExp([
  CONTACT,
  '人脸|刷脸|识别|拍照|拍摄|录像|摄像|合影|照片|朋友圈|\\b(?:face|facial|recognition|photo|picture|camera|film|video)',
  '价|折|优惠|预算|付款|刷卡|分期|发票|小票|\\b(?:pric(?:e|ing)|discou?nt|budget|pay|card|invoice|receipt|haggl|bargain|cost)',
  '催|赶时间|久等|排队|试[戴穿]|抛光|改动|清洗|包装|礼袋|送到|快递|\\b(?:rush|hurr|wait|try|trying|polish|clean|wrap|pack|deliver|courier)',
  '香水|香薰|气味|抽烟|吸烟|茶|咖啡|酒|糖|冰|宠物|狗|猫|握手|碰|\\b(?:perfume|scent|smok|tea|coffee|alcohol|wine|sugar|ice|pets?|dogs?|cats?|shake hands|handshake|touch)',
  '称呼|直呼|全名|叫[她他]?|\\b(?:first name|full name|nickname|address (?:her|him|them))',
].join('|'));
const FORBIDDEN = /不(?![知懂会在是方])|别|勿|莫|免|禁|无需|少|\b(?:no|not|never|none|without|avoid|stop|refrain|don't|doesn't|won't|can't)\b/;

const BETWEEN = /[\s]*[，。；、！？,.;!?:：/|()（）…—\n]+[\s]*|\s+-+\s+|但是?|并且|而且|以及|\b(?:and|but|or|nor|unless|except|because|if|when|while|then)\b/;
const clausesOf = (line: string): string[] =>
  line.normalize('NFKC').replace(/[‘’ʼ`]/g, "'").toLowerCase().split(BETWEEN).map((clause) => clause.trim()).filter(Boolean);

/** @returns what a clause silences; null: not understood */
function silencedByClause(clause: string): readonly Unasked[] | null {
  if (ALONE.test(clause) && !BY_CONTACT.test(clause)) return UNASKED;
  const named = FORBIDS.filter(([, words]) => words.test(clause)).map(([kind]) => kind);
  if (named.length > 0) return named;
  return ELSEWHERE.test(clause) ? [] : null;
}

/** @param lines as staff wrote them */
export function silencedBy(lines: readonly string[]): ReadonlySet<SuggestionKind> {
  return new Set(lines.flatMap((line) => {
    const clauses = clausesOf(line);
    const read = clauses.map(silencedByClause);
    const isUnderstood = read.some((silenced) => silenced !== null);
    return read.flatMap((silenced, at) => silenced ?? (isUnderstood && !FORBIDDEN.test(clauses[at]!) ? [] : UNASKED));
  }));
}
