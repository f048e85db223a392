import { PURPOSES, type ConsentEvidence, type Language } from '../contract/index.js';
import { toDay } from '../kit/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import { onDay, when } from './when.js';
import { END_REASONS, FIELD_NAMES, LANGUAGE_NAMES, PURPOSE_DETAILS, PURPOSE_NAMES } from './words.js';

export interface ConsentCopyData extends Letterhead {
  consent: ConsentEvidence;
  /** The customer's own page: see, download, withdraw. Null: no link was made for this copy. */
  ownLink: string | null;
  /** Thumbprint of the box's key. */
  kid: string;
}

const WORDS = {
  'zh-CN': {
    title: '人脸识别同意书（副本）',
    lead: (store: string) => `这是您在${store}签署的人脸识别单独同意书的副本，请您留存。是否同意由您自己决定；不同意、或以后撤回，都享受一样的服务。`,
    customer: '顾客', customerId: '顾客编号', consentId: '同意书编号', givenAt: '签署时间', validUntil: '有效期至', readIn: '阅读告知书的语言', notice: '告知书',
    version: (version: number, at: string) => `第 ${version} 版，${at}发布`, ended: '现状', endedAt: (why: string, at: string) => `${why}（${at}）`,
    erased: '（档案已删除）',
    purposes: '您的选择', purposesLead: '打勾的是您同意的事项。没有打勾的，门店不会做。',
    signature: '签名', signer: '签名人', self: '顾客本人', guardian: (name: string, relation: string) => `监护人${name}（${relation}），代未满十四周岁的顾客签署`,
    relation: { mother: '母亲', father: '父亲', other: '其他监护人' } as Record<string, string>,
    device: '签名设备', witness: '在场店员',
    noticeTitle: '您签署前阅读的告知书',
    withdraw: '怎样撤回',
    withdrawText: '您可以随时撤回同意，不需要说明理由，也不影响任何服务。告诉任何一位店员即可，当场删除人脸模板和留存的照片，并给您一份带签名的删除凭证。到有效期最后一天仍未续签的，次日自动删除。',
    withdrawQr: '也可以连上门店的无线网络，用手机扫描此码，自己查看、下载或撤回这份同意。此码只属于您，请勿转给他人。',
    check: '怎样核对这份副本',
    checkText: '门店盒在您签署时对整份记录（含签名的每一笔）计算了校验值（SHA-256），并写入一条环环相扣的日志。记录事后若有任何改动，校验值就对不上。您可以请门店当面核对，或向监管部门出示本副本。',
    seal: '记录校验值', sealMissing: '签署时尚无校验日志', noticeHash: '告知书校验值', kid: '门店盒公钥指纹',
    kidText: '请留意公钥指纹：以后收到的删除凭证应由同一把密钥签名。',
  },
  en: {
    title: 'Consent to face recognition (copy)',
    lead: (store: string) => `This is your copy of the separate consent to face recognition that you signed at ${store}. Please keep it. It was up to you to agree; if you do not agree, or withdraw later, the service is the same.`,
    customer: 'Customer', customerId: 'Customer number', consentId: 'Consent number', givenAt: 'Signed at', validUntil: 'Valid until', readIn: 'Notice read in', notice: 'Notice',
    version: (version: number, at: string) => `Version ${version}, published ${at}`, ended: 'State', endedAt: (why: string, at: string) => `${why} (${at})`,
    erased: '(dossier deleted)',
    purposes: 'What you chose', purposesLead: 'You agreed to what is ticked. What is not ticked is not done.',
    signature: 'Signature', signer: 'Signed by', self: 'The customer', guardian: (name: string, relation: string) => `${name} (${relation}), guardian of the customer, who is under 14`,
    relation: { mother: 'mother', father: 'father', other: 'other guardian' } as Record<string, string>,
    device: 'Signed on', witness: 'Staff present',
    noticeTitle: 'The notice that you read before signing',
    withdraw: 'How to withdraw',
    withdrawText: 'You may withdraw at any time, without a reason and without losing any service. Tell any member of staff: the face template and any photos kept are deleted on the spot, and you get a signed receipt. If you do not sign again, they are deleted by themselves on the day after the last day of validity.',
    withdrawQr: 'Or join the store\'s Wi-Fi and scan this code with your phone to see, download or withdraw this consent yourself. The code is yours alone; do not pass it on.',
    check: 'How to check this copy',
    checkText: 'When you signed, the box computed a checksum (SHA-256) over the whole record, every stroke of the signature included, and wrote it into a log in which each entry covers the one before. Any later change to the record shows. Ask the store to check it in front of you, or show this copy to the authority.',
    seal: 'Checksum of the record', sealMissing: 'signed before there was such a log', noticeHash: 'Checksum of the notice', kid: 'Thumbprint of the key',
    kidText: 'Mind the thumbprint: a receipt of deletion that you are given later is to be signed with the same key.',
  },
} as const;

/** The customer's copy of a signed consent. */
export async function consentCopyPdf(data: ConsentCopyData, language: Language): Promise<Buffer> {
  const { consent, storeName, timeZone } = data;
  const words = WORDS[language];
  const at = (instant: string) => when(instant, timeZone, language);
  const sheet = await Sheet.open({ ...data, language, title: words.title, documentId: consent.id, createdAt: consent.endedAt ?? consent.givenAt });
  sheet.paragraph(words.lead(storeName));
  sheet.facts([
    [words.customer, consent.displayName ?? words.erased],
    [words.customerId, consent.customerId],
    [words.consentId, consent.id],
    [words.givenAt, at(consent.givenAt)],
    [words.validUntil, onDay(consent.validUntil, language)],
    [words.notice, words.version(consent.noticeVersion, onDay(toDay(Date.parse(consent.notice.publishedAt), timeZone), language))],
    [words.readIn, LANGUAGE_NAMES[language][consent.language]],
    [words.ended, consent.endedAt === null ? null : words.endedAt(END_REASONS[language][consent.endReason ?? 'withdrawn'], at(consent.endedAt))],
  ]);

  sheet.heading(words.purposes);
  sheet.aside(words.purposesLead);
  for (const purpose of PURPOSES) {
    sheet.choice(consent.purposes.includes(purpose), PURPOSE_NAMES[language][purpose], PURPOSE_DETAILS[language][purpose]);
  }

  sheet.heading(words.signature);
  sheet.signature(consent.signature);
  const { guardian } = consent;
  sheet.facts([
    [words.signer, guardian === null ? words.self : words.guardian(guardian.name, words.relation[guardian.relation] ?? guardian.relation)],
    [words.device, consent.device], [words.witness, consent.witness],
  ]);

  sheet.heading(words.withdraw);
  sheet.paragraph(words.withdrawText);
  if (data.ownLink !== null) await sheet.qr(data.ownLink, [words.withdrawQr], 84);

  sheet.heading(words.noticeTitle);
  sheet.facts(consent.notice.text.map(({ field, text }) => [FIELD_NAMES[language][field], text] as const));

  sheet.heading(words.check);
  sheet.paragraph(words.checkText);
  sheet.facts([[words.seal, consent.seal ?? words.sealMissing], [words.noticeHash, consent.notice.hash], [words.kid, data.kid]]);
  sheet.aside(words.kidText);
  return sheet.end();
}
