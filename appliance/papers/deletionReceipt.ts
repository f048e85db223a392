import type { Deletion, Language } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import { when } from './when.js';
import { afterwards, deleted, REASONS } from './words.js';

export interface DeletionReceiptData extends Letterhead {
  deletion: Deletion;
  /** The signed statement (signDeletion). */
  jws: string;
  /** The page that shows and checks it (receiptUrl). */
  url: string;
  kid: string;
}

/** Under this name the statement is attached to the PDF. */
export const RECEIPT_ATTACHMENT = 'receipt.jws';

const WORDS = {
  'zh-CN': {
    title: '个人信息删除凭证',
    lead: (store: string) => `${store}的门店盒确认：下列信息已从门店盒中删除。本凭证不含姓名和电话。`,
    what: '删除了什么', scope: '范围', templates: '人脸模板', count: (n: number) => `${n} 份`, reason: '原因', requestedAt: '提出时间', completedAt: '完成时间',
    customerId: '顾客编号', deletionId: '凭证编号',
    afterwards: '备份与留存',
    check: '怎样核对', checkQr: '连上门店的无线网络，用手机扫描此码。网页在您的手机里核对签名，并显示门店盒签署的内容。',
    checkLines: [
      '不在店里也能核对：把下面的签名文本粘贴到任何支持 ES256 的 JWT 工具，用门店盒的公钥验证。公钥见门店盒的网址 /api/v1/keys，或向门店索取。',
      '签名文本也作为附件 receipt.jws 附在本 PDF 里。技术人员用来核对的命令，见 Portico 源代码中的 docs/receipts.md。',
      '公钥指纹应与您同意书副本上印的一致。以签名内容为准，纸面文字若与之不同，说明纸面被改动过。',
    ],
    limits: '本凭证证明：持有该密钥的门店盒在上述时间签署了这份声明，之后内容未被改动。它不能证明门店没有在门店盒之外另存副本。',
    statement: '签名文本（JWS）：', kid: '公钥指纹',
  },
  en: {
    title: 'Receipt of deletion',
    lead: (store: string) => `The box of ${store} confirms that what is named below has been deleted from it. There is no name and no phone number in this receipt.`,
    what: 'What was deleted', scope: 'Scope', templates: 'Face templates', count: (n: number) => `${n}`, reason: 'Reason', requestedAt: 'Asked for at', completedAt: 'Done at',
    customerId: 'Customer number', deletionId: 'Receipt number',
    afterwards: 'Backups, and what is kept',
    check: 'How to check this receipt', checkQr: 'Join the store\'s Wi-Fi and scan this code with your phone. The page checks the signature on your phone and shows what the box has signed.',
    checkLines: [
      'Not in the store: paste the signed text below into any JWT tool that knows ES256, with the public key of the box. It is at /api/v1/keys of the box, or ask the store for it.',
      'For technicians: the signed text is also attached to this PDF as receipt.jws; docs/receipts.md in Portico\'s source has the command that checks it.',
      'The thumbprint of the key is to be the one on your copy of the consent. What is signed counts: if the words on paper say something else, the paper was altered.',
    ],
    limits: 'This receipt proves that the box that holds the key signed this statement at that time, and that it has not been altered since. It cannot prove that nobody made a copy outside the box before.',
    statement: 'Signed text (JWS):', kid: 'Thumbprint of the key',
  },
} as const;

/** The receipt of a completed deletion. @throws PorticoError deletion_pending */
export async function deletionReceiptPdf(data: DeletionReceiptData, language: Language): Promise<Buffer> {
  const { deletion, timeZone } = data;
  const words = WORDS[language];
  if (deletion.completedAt === null) throw new PorticoError('deletion_pending');
  const sheet = await Sheet.open({ ...data, language, title: words.title, documentId: deletion.id, createdAt: deletion.completedAt });
  sheet.attach(RECEIPT_ATTACHMENT, 'application/jose', data.jws);
  sheet.paragraph(words.lead(data.storeName));

  sheet.heading(words.what);
  sheet.facts([
    [words.scope, deleted(language, deletion)],
    [words.templates, words.count(deletion.templatesDeleted)],
    [words.reason, REASONS[language][deletion.reason]],
    [words.requestedAt, when(deletion.requestedAt, timeZone, language)],
    [words.completedAt, when(deletion.completedAt, timeZone, language)],
    [words.customerId, deletion.customerId],
    [words.deletionId, deletion.id],
  ]);

  const { backups, kept } = afterwards(language, deletion);
  sheet.heading(words.afterwards);
  for (const text of [...backups, kept]) sheet.paragraph(text);

  sheet.heading(words.check, 230);
  await sheet.qr(data.url, [words.checkQr, ...words.checkLines], 150);
  sheet.facts([[words.kid, data.kid]]);
  sheet.aside(words.limits);

  sheet.fine(words.statement, data.jws);
  return sheet.end();
}
