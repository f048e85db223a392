import type { Breach, Language } from '../contract/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import { when } from './when.js';

export interface BreachNoticesData extends Letterhead {
  breach: Breach;
  /** Names to address letters to; beyond LETTERS_MAX, and for those without a name here, the general letter serves. */
  addressees: readonly string[];
}

/** More letters than this are nothing to print in one go: the general letter, and the list of affected persons. */
export const LETTERS_MAX = 500;

const WORDS = {
  'zh-CN': {
    report: '个人信息安全事件报告', letter: '个人信息安全事件告知书', banner: '演练 · DRILL　本文件仅用于演练，并未发生真实事件',
    to: '致：履行个人信息保护职责的部门', dear: (name: string) => `尊敬的${name}：`, general: '顾客',
    reportLead: (store: string) => `根据《个人信息保护法》第五十七条，${store}报告下列个人信息安全事件。`,
    letterLead: (store: string) => `我们很抱歉地告诉您：${store}发生了一起可能涉及您个人信息的安全事件。依照《个人信息保护法》第五十七条，现将情况如实告知。`,
    drillLead: '（这是一次演练，您的信息没有受到影响。）',
    id: '事件编号', happened: '发生时间', discovered: '发现时间', recorded: '登记', kinds: '涉及的信息种类', affected: '涉及人数', unreachable: (n: number) => `其中 ${n} 人没有可用的联系方式，将以店内公告告知`, persons: (n: number) => `${n} 人`,
    cause: '发生的原因', harm: '可能造成的危害', measures: '已经采取的补救措施', selfHelp: '您可以采取的减轻危害的措施', selfHelpReport: '已告知个人可以采取的措施', contact: '联系方式', due: '最迟通知时间', dueAt: (at: string) => `${at}（发现后七十二小时）`,
    kind: { template: '人脸模板（敏感个人信息）', photo: '录入照片（敏感个人信息）', contact: '姓名、称呼、电话', visits: '到店记录', notes: '备注与偏好', purchases: '购买与退货记录', files: '文件与物品照片', signature: '签名与同意记录' },
    rights: '您可以随时要求查阅、更正或删除您的信息，或撤回同意，门店会立即办理。如不满意我们的处理，您可以向网信部门投诉、举报。',
    from: '个人信息处理者', range: (from: string, to: string) => `${from} 至 ${to}`, seal: '（盖章）',
  },
  en: {
    report: 'Report of a personal information security incident', letter: 'Notice of a personal information security incident', banner: 'DRILL · 演练: for practice only, no real incident has happened',
    to: 'To: the authority in charge of personal information protection', dear: (name: string) => `Dear ${name},`, general: 'customer',
    reportLead: (store: string) => `Under article 57 of the Personal Information Protection Law, ${store} reports the incident below.`,
    letterLead: (store: string) => `We are sorry to tell you that there was a security incident at ${store} that may involve your personal information. As article 57 of the Personal Information Protection Law asks, these are the facts.`,
    drillLead: '(This is a drill. Your information was not affected.)',
    id: 'Incident number', happened: 'Time of the incident', discovered: 'Discovered at', recorded: 'Recorded', kinds: 'Kinds of information', affected: 'Persons affected', unreachable: (n: number) => `${n} of them cannot be reached directly and will be informed by a notice in the store`, persons: (n: number) => `${n}`,
    cause: 'Cause', harm: 'Harm that it may do', measures: 'What has been done about it', selfHelp: 'What you can do to limit the harm', selfHelpReport: 'What persons were told they can do', contact: 'How to reach us', due: 'Notify by', dueAt: (at: string) => `${at} (72 hours after the discovery)`,
    kind: { template: 'Face template (sensitive personal information)', photo: 'Enrolment photos (sensitive personal information)', contact: 'Name, form of address, phone number', visits: 'Visits', notes: 'Notes and preferences', purchases: 'Purchases and returns', files: 'Files and photos of things', signature: 'Signature and record of consent' },
    rights: 'You may at any time ask to see, correct or delete your information, or withdraw your consent; the store does so at once. If you are not content with how we handle this, you may complain to the cyberspace authority.',
    from: 'Handler of the personal information', range: (from: string, to: string) => `${from} to ${to}`, seal: '(seal)',
  },
} as const;

/**
 * The report to the authority, then the letters to the persons (PIPL 57): kinds, cause, harm, what was done, what the
 * person can do, contact. A drill says so on top of every page.
 */
export async function breachNoticesPdf({ breach, addressees, ...letterhead }: BreachNoticesData, language: Language): Promise<Buffer> {
  const words = WORDS[language];
  const at = (instant: string) => when(instant, letterhead.timeZone, language);
  const sheet = await Sheet.open({
    ...letterhead, language, title: words.report, documentId: breach.id, createdAt: breach.recordedAt, ...(breach.drill ? { banner: words.banner } : {}),
  });
  const told = (heading: string, text: string) => {
    sheet.heading(heading);
    sheet.paragraph(text);
  };
  const kinds = () => {
    sheet.heading(words.kinds);
    sheet.bullets(breach.kinds.map((kind) => words.kind[kind]));
  };
  const close = () => {
    told(words.contact, breach.contact);
    sheet.facts([[words.from, `${letterhead.storeName} ${words.seal}`]]);
  };

  sheet.paragraph(words.to);
  sheet.paragraph(words.reportLead(letterhead.storeName));
  sheet.facts([
    [words.id, breach.id], [words.happened, words.range(at(breach.happenedFrom), at(breach.happenedTo))], [words.discovered, at(breach.discoveredAt)],
    [words.recorded, `${at(breach.recordedAt)} ${breach.by}`], [words.affected, words.persons(breach.affected)],
    ['', breach.unreachable === 0 ? null : words.unreachable(breach.unreachable)], [words.due, words.dueAt(at(breach.noticeDueAt))],
  ]);
  kinds();
  told(words.cause, breach.cause);
  told(words.harm, breach.harm);
  told(words.measures, breach.measures);
  told(words.selfHelpReport, breach.selfHelp);
  close();

  for (const name of addressees.length === 0 || addressees.length > LETTERS_MAX ? [words.general] : addressees) {
    await sheet.breathe();
    sheet.nextDocument(words.letter);
    sheet.paragraph(words.dear(name));
    sheet.paragraph(words.letterLead(letterhead.storeName));
    if (breach.drill) sheet.paragraph(words.drillLead);
    sheet.facts([[words.happened, words.range(at(breach.happenedFrom), at(breach.happenedTo))], [words.discovered, at(breach.discoveredAt)]]);
    kinds();
    told(words.cause, breach.cause);
    told(words.harm, breach.harm);
    told(words.measures, breach.measures);
    told(words.selfHelp, breach.selfHelp);
    sheet.paragraph(words.rights);
    close();
  }
  return sheet.end();
}
