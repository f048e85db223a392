import type { AccessCopy, Language } from '../contract/index.js';
import { dealingSections } from './accessDealings.js';
import { readableText } from './readable.js';
import { personRows } from './person.js';
import { Sheet } from './sheet.js';
import { onDay, when } from './when.js';
import { deleted, END_REASONS, PURPOSE_NAMES, REASONS } from './words.js';
import { happenedIn } from './visitText.js';

export interface AccessCopyData {
  copy: AccessCopy;
  timeZone: string;
  /** ISO 4217, in whose smallest unit amounts are. */
  currency: string;
}

const WORDS = {
  'zh-CN': {
    title: '个人信息副本',
    lead: (store: string) => `应您的要求，${store}把门店盒里与您有关的全部信息列在下面（《个人信息保护法》第四十五条）。如有不对，您可以要求更正、补充或删除；对本副本有疑问，可以向门店的隐私负责人提出，也可以向网信部门投诉。`,
    none: '没有', is: '：', and: '、', person: '基本资料', created: '建档时间', id: '顾客编号',
    template: '人脸模板', templateNone: '没有人脸模板。',
    templateText: (photos: number) => `有一份由 ${photos} 张照片生成的人脸模板。它是一串数字，用您的专用密钥加密，只在门店盒里有用；它不是照片，但一旦泄露可能被冒用，所以不印在这里，也不提供给任何人。`,
    photosKept: '按您的同意，录入照片加密保存在门店盒里。', photosNotKept: '照片没有保留。', source: { enrolment: '录入时拍摄', refresh: '到店时加入' },
    stricter: (at: string) => `因不久前认错过人，到 ${at} 之前要更像才会提示。`, merges: '合并进来的档案',
    companionOf: '其他顾客档案中作为同行人提到您', named: (name: string) => `所写姓名：${name}`,
    waysIn: '会员码与会员卡', memberCode: '会员码', tag: '会员卡',
    notes: '店员的备注', followUps: '跟进事项', due: (day: string) => `应于${day}前完成`, done: (at: string) => `已于 ${at} 完成`, by: (name: string) => `记录人：${name}`,
    ownFields: '门店自定义栏目', emptied: '已清空', wasBefore: (value: string) => `此前：${value}`,
    visits: '到店记录', arrival: { recognised: '人脸识别', confirmed: '店员确认', by_hand: '手动登记', scanned: '出示会员码或会员卡' }, until: (at: string) => `至 ${at}`, open: '还在店里', adviser: (name: string) => `顾问：${name}`,
    end: { left: '离店', day_over: '营业日结束', by_hand: '店员结束', not_this_person: '不是本人，已更正', consent_withdrawn: '撤回同意，记录到此为止', corrected: '认错了，系统已撤下' },
    consents: '人脸识别同意', consent: (version: number, until: string) => `告知书第 ${version} 版，有效期至${until}`, purposes: (list: string) => `同意：${list}`, witness: (name: string) => `在场店员：${name}`,
    guardian: (name: string) => `监护人：${name}`, copyHint: '每份同意书的签名和告知书全文见同意书副本，可向店员索取。',
    refusals: '您曾表示不同意', notBefore: (at: string) => `此后至 ${at} 不再询问`,
    deletions: '删除记录', templates: (n: number) => `人脸模板 ${n} 份`, pending: '正在进行',
    explanations: '人脸识别做过的判断', outcome: { named: '直接认出', asked_yes: '询问店员，答“是”', asked_no: '询问店员，答“不是”', asked_unsure: '询问店员，答“不确定”', not_this_person: '认错，店员更正' },
    score: (score: string, threshold: string) => `相似度 ${score}，要求不低于 ${threshold}`, scoreGone: '相似度已随同意一并删除', judge: (name: string) => `由${name}判断`,
    explanationText: '门店盒把摄像头画面算出的数字与您的模板比较，得出 -1 到 1 之间的相似度，越高越像。达到要求才会提示店员；提示只用于接待，不影响价格，店员随时可以更正。',
    requests: '您提出的要求', kind: { access: '查阅、复制', correct: '更正', restrict: '限制处理', delete: '删除', explain: '解释', complaint: '投诉' },
    dueOn: (day: string) => `应于${day}前答复`, outcomes: { done: '已办理', partly: '部分办理', refused: '未予办理', withdrawn_by_person: '您已撤回' },
    tastes: '从您说的、买的和看的得出的偏好', stated: '您说过', statedWhen: (at: string, by: string) => `您说过，${by}于 ${at} 记下`,
    seen: (bought: number, lookedAt: number, days: string) => `买过 ${bought} 件，看过 ${lookedAt} 件：${days}`,
    tasteText: '没有注明“您说过”的，是门店盒按固定规则得出的：两年内在至少两个不同的日子，买过或看过至少三件同类或同品牌的商品。它不看人脸，只提醒店员怎样接待，不影响价格，也不对您作任何决定。您可以要求更正；不同意记录偏好的，就不再得出（《个人信息保护法》第二十四条）。',
    opened: '谁打开过您的档案', openedWhy: { visit: '到店接待', search: '查找', enrolment: '录入', follow_up: '跟进', rights: '办理您的要求', edit: '修改' },
  },
  en: {
    title: 'Copy of your personal information',
    lead: (store: string) => `At your request, ${store} lists here all that the box holds about you (article 45 of the Personal Information Protection Law). If something is wrong you may have it corrected, completed or deleted. With questions about this copy turn to the store's privacy officer; you may also complain to the cyberspace authority.`,
    none: 'None', is: ': ', and: ', ', person: 'About you', created: 'Dossier since', id: 'Customer number',
    template: 'Face template', templateNone: 'There is no face template.',
    templateText: (photos: number) => `There is a face template made from ${photos} photos: a row of numbers, encrypted under a key of your own, of use inside this box only. It is no picture, but could be misused if it leaked. That is why it is not printed here, and given to nobody.`,
    photosKept: 'As you agreed, the enrolment photos are stored in the box, encrypted.', photosNotKept: 'The photos were not kept.', source: { enrolment: 'taken at the enrolment', refresh: 'added during a visit' },
    stricter: (at: string) => `After a mix-up, a clearer match is asked for until ${at}.`, merges: 'Dossiers merged into this one',
    companionOf: 'Named as a companion in other customers\' dossiers', named: (name: string) => `written there as ${name}`,
    waysIn: 'Member code and cards', memberCode: 'Member code', tag: 'Member card',
    notes: 'Notes of the staff', followUps: 'Follow-ups', due: (day: string) => `due ${day}`, done: (at: string) => `done ${at}`, by: (name: string) => `by ${name}`,
    ownFields: 'The store\'s own fields', emptied: 'emptied', wasBefore: (value: string) => `before: ${value}`,
    visits: 'Visits', arrival: { recognised: 'recognised by face', confirmed: 'confirmed by staff', by_hand: 'noted by hand', scanned: 'member code or tag shown' }, until: (at: string) => `until ${at}`, open: 'still in the store', adviser: (name: string) => `adviser: ${name}`,
    end: { left: 'left', day_over: 'business day over', by_hand: 'ended by staff', not_this_person: 'not this person; corrected', consent_withdrawn: 'consent withdrawn; record ends here', corrected: 'a mistake; the box took it back' },
    consents: 'Consent to face recognition', consent: (version: number, until: string) => `Notice version ${version}, valid until ${until}`, purposes: (list: string) => `Agreed to: ${list}`, witness: (name: string) => `Staff present: ${name}`,
    guardian: (name: string) => `Guardian: ${name}`, copyHint: 'The signature and the full notice of each consent are in its own copy; ask the staff for it.',
    refusals: 'When you said no', notBefore: (at: string) => `not asked again before ${at}`,
    deletions: 'Deletions', templates: (n: number) => `face templates: ${n}`, pending: 'under way',
    explanations: 'What face recognition decided', outcome: { named: 'named outright', asked_yes: 'asked the staff: yes', asked_no: 'asked the staff: no', asked_unsure: 'asked the staff: not sure', not_this_person: 'mistaken; corrected by staff' },
    score: (score: string, threshold: string) => `similarity ${score}, at least ${threshold} was asked for`, scoreGone: 'the similarity was deleted with the consent', judge: (name: string) => `judged by ${name}`,
    explanationText: 'The box compares numbers worked out of the camera picture with your template. The result is a similarity between -1 and 1; more is more alike. Only from a certain value on are the staff told. It serves to look after you, has no influence on prices, and staff can correct it at any time.',
    requests: 'Your requests', kind: { access: 'access and copy', correct: 'correction', restrict: 'restriction', delete: 'deletion', explain: 'explanation', complaint: 'complaint' },
    dueOn: (day: string) => `to be answered by ${day}`, outcomes: { done: 'done', partly: 'done in part', refused: 'refused', withdrawn_by_person: 'withdrawn by you' },
    tastes: 'Preferences, worked out from what you said, bought and looked at', stated: 'you said so', statedWhen: (at: string, by: string) => `you said so; noted by ${by}, ${at}`,
    seen: (bought: number, lookedAt: number, days: string) => `bought ${bought}, looked at ${lookedAt}: ${days}`,
    tasteText: 'What does not say that you said so was worked out by the box from purchases and looks, by a fixed rule: at least three articles of one kind or brand, on at least two different days within two years. It looks at no face, only helps the staff to look after you, has no influence on prices and decides nothing about you. You may have it corrected; if you do not agree to preferences being noted, none are worked out (Personal Information Protection Law, article 24).',
    opened: 'Who opened your dossier', openedWhy: { visit: 'visit', search: 'search', enrolment: 'enrolment', follow_up: 'follow-up', rights: 'your request', edit: 'change' },
  },
} as const;

/** Everything about a person, to read. The same as JSON is the AccessCopy itself. */
export async function accessCopyPdf({ copy, timeZone, currency }: AccessCopyData, language: Language): Promise<Buffer> {
  const words = WORDS[language];
  const { dossier } = copy;
  const at = (instant: string) => when(instant, timeZone, language);
  const joined = (...parts: (string | null)[]) => parts.filter((part) => part !== null).join(language === 'en' ? '; ' : '；');
  const sheet = await Sheet.open({
    storeName: copy.storeName, timeZone, language, title: words.title, documentId: dossier.id, createdAt: copy.madeAt,
  });
  const section = async (title: string, rows: readonly (readonly [string, string])[]) => {
    sheet.heading(title);
    await sheet.table(rows, words.none);
  };
  sheet.paragraph(words.lead(copy.storeName));

  sheet.heading(words.person);
  sheet.facts([...personRows(dossier, language), [words.created, at(dossier.createdAt)], [words.id, dossier.id]]);

  sheet.heading(words.template);
  if (dossier.template === null) sheet.paragraph(words.templateNone);
  else {
    sheet.paragraph(`${words.templateText(dossier.templatePhotos)}${language === 'en' ? ' ' : ''}${dossier.template.photosKept ? words.photosKept : words.photosNotKept}`);
    await sheet.table(dossier.template.photos.map(({ source, takenAt, confirmedBy }) =>
      [at(takenAt), joined(words.source[source], confirmedBy === null ? null : words.judge(confirmedBy))]), words.none);
    if (dossier.template.stricterUntil !== null) sheet.aside(words.stricter(at(dossier.template.stricterUntil)));
  }
  if (copy.formerDossiers.length > 0) {
    await section(words.merges, copy.formerDossiers.map(({ mergedAt, ...former }) =>
      [at(mergedAt), joined(...personRows(former, language).map(([name, text]) => (text === null ? null : `${name}${words.is}${text.replaceAll('\n', words.and)}`)))]));
  }

  await section(words.companionOf, copy.companionOf.map(({ name, relation }) => [relation, words.named(name)]));
  await section(words.waysIn, [
    ...(dossier.memberCodeSince === null ? [] : [[at(dossier.memberCodeSince), words.memberCode] as const]),
    ...dossier.tags.map((tag) => [at(tag.at), joined(words.tag, tag.label, words.by(tag.by))] as const),
  ]);
  await section(words.tastes, dossier.tastes.map((taste) => [taste.subject, joined(
    taste.evidence === 'repeated' ? null : taste.at === null || taste.by === null ? words.stated : words.statedWhen(at(taste.at), taste.by),
    taste.days.length === 0 ? null : words.seen(taste.bought, taste.lookedAt, taste.days.map((day) => onDay(day, language)).join(language === 'en' ? ', ' : '、')))]));
  sheet.aside(words.tasteText);
  await section(words.notes, dossier.notes.map((note) => [at(note.at), `${note.text}\n${words.by(note.author)}`]));
  await section(words.ownFields, copy.ownFields.map(({ name, value, history }) => [name[language], joined(
    value === null ? words.emptied : readableText(value, language, currency),
    ...[...history].reverse().map((change) => joined(at(change.at), words.by(change.by),
      change.before === null ? null : words.wasBefore(readableText(change.before, language, currency)))))]));
  await section(words.followUps, dossier.followUps.map((followUp) => [at(followUp.at), joined(
    followUp.text, followUp.dueOn === null ? null : words.due(onDay(followUp.dueOn, language)), followUp.doneAt === null ? null : words.done(at(followUp.doneAt)), words.by(followUp.author))]));
  await dealingSections(section, copy, at, language);
  await section(words.visits, dossier.visits.map((visit) => [at(visit.openedAt), [joined(
    words.arrival[visit.arrival], visit.closedAt === null ? words.open : words.until(at(visit.closedAt)),
    visit.endReason === null ? null : words.end[visit.endReason], visit.adviser === null ? null : words.adviser(visit.adviser)),
  ...happenedIn(visit, language, at)].join('\n')]));
  await section(words.consents, copy.consents.map((consent) => [at(consent.givenAt), joined(
    words.consent(consent.noticeVersion, onDay(consent.validUntil, language)),
    words.purposes(consent.purposes.map((purpose) => PURPOSE_NAMES[language][purpose]).join(language === 'en' ? ', ' : '、')),
    words.witness(consent.witness), consent.guardian === null ? null : words.guardian(consent.guardian.name),
    consent.endedAt === null ? null : `${END_REASONS[language][consent.endReason ?? 'withdrawn']} ${at(consent.endedAt)}`)]));
  if (copy.consents.length > 0) sheet.aside(words.copyHint);
  await section(words.refusals, copy.refusals.map((refusal) => [at(refusal.refusedAt), words.notBefore(at(refusal.notBefore))]));
  await section(words.deletions, copy.deletions.map((deletion) => [at(deletion.requestedAt), joined(
    deleted(language, deletion), REASONS[language][deletion.reason], words.templates(deletion.templatesDeleted),
    deletion.completedAt === null ? words.pending : words.done(at(deletion.completedAt)))]));
  await section(words.explanations, copy.explanations.map((one) => [at(one.at), joined(
    words.outcome[one.outcome], one.score === null || one.threshold === null ? words.scoreGone : words.score(one.score.toFixed(3), one.threshold.toFixed(3)),
    one.judgedBy === null ? null : words.judge(one.judgedBy))]));
  sheet.aside(words.explanationText);
  await section(words.requests, copy.requests.map((request) => [onDay(request.receivedOn, language), joined(
    words.kind[request.kind], request.note === '' ? null : request.note, words.dueOn(onDay(request.dueOn, language)),
    request.closed === null ? null : `${words.outcomes[request.closed.outcome]} ${at(request.closed.at)}`,
    request.closed === null || request.closed.reason === '' ? null : request.closed.reason)]));
  await section(words.opened, copy.opened.map((one) => [at(one.at), joined(one.staff, one.reason === null ? null : words.openedWhy[one.reason])]));
  return sheet.end();
}
