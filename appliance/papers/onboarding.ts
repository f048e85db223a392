import { X509Certificate } from 'node:crypto';
import { LANGUAGES, type Language } from '../contract/index.js';
import { Sheet, type Letterhead } from './sheet.js';

export interface OnboardingData extends Letterhead {
  boxId: string;
  /** ISO instant. */
  createdAt: string;
  /** The root that the iPads have to trust. */
  rootPem: string;
  /** Plain http, by address. */
  trustUrl: string;
  /** By the box's name. */
  boxUrl: string;
}

const WORDS = {
  'zh-CN': {
    title: '给 iPad 接上门店盒', lead: '每台 iPad 做一次，约两分钟。先让 iPad 连上门店的无线网络。',
    trust: '1　安装描述文件', trustQr: '用 iPad 的相机扫这个码，在 Safari 中打开，点“下载描述文件”。',
    check: '2　核对指纹，再安装',
    checkLines: [
      '打开“设置”，点最上方的“已下载描述文件”，先别安装：点“更多详细信息”，再点里面的证书，拉到最下面看 SHA-256 指纹。',
      '与下面的指纹逐组核对。只要有一处不同就不要安装，请联系 IT；完全相同才点“安装”。',
      '“设置 › 通用 › 关于本机 › 证书信任设置”，打开“Portico”的开关。',
    ],
    print: 'SHA-256 指纹',
    open: '3　打开门店盒', openQr: '用 iPad 的相机扫这个码。第一位店长输入纸上的登录码；以后的 iPad 由店长在“设置”里生成配对码。',
    openLines: ['在 Safari 里点“共享 › 添加到主屏幕”，以后从主屏幕打开。'],
    facts: ['门店盒地址', '门店盒编号'], aside: '本页没有任何密码，可以贴在盒子旁边。登录码不在 U 盘上，在 IT 制作 U 盘时打印的那一页上。',
  },
  en: {
    title: 'Bring an iPad to the box', lead: 'Once for each iPad, some two minutes. First join the store\'s Wi-Fi with it.',
    trust: '1   Install the profile', trustQr: 'Scan this code with the iPad\'s camera, open it in Safari and tap "Download the profile".',
    check: '2   Compare the fingerprint, then install',
    checkLines: [
      'Open Settings, tap "Profile Downloaded" at the top, and do not install yet: tap "More Details", then the certificate, and find its SHA-256 fingerprint at the bottom.',
      'Compare it, group by group, with the one below. If anything differs, do not install it and call IT. Only if it is the same, tap "Install".',
      'Settings › General › About › Certificate Trust Settings: switch "Portico" on.',
    ],
    print: 'SHA-256 fingerprint',
    open: '3   Open the box', openQr: 'Scan this code with the iPad\'s camera. The first owner types the owner\'s code; for later iPads a manager makes a pairing code in Settings.',
    openLines: ['In Safari tap Share › Add to Home Screen, and open it from there.'],
    facts: ['Address of the box', 'Number of the box'], aside: 'There is no password on this page; it may hang beside the box. The owner\'s code is not on the stick: it is on the page that IT printed when the stick was made.',
  },
} as const;

/** The steps for an iPad with the codes to scan, in both languages, a page each. @param first language of the first page */
export async function onboardingPdf(data: OnboardingData, first: Language): Promise<Buffer> {
  const sheet = await Sheet.open({ ...data, language: first, title: WORDS[first].title, documentId: data.boxId });
  await write(sheet, data, first);
  for (const language of LANGUAGES) {
    if (language === first) continue;
    sheet.nextDocument(WORDS[language].title);
    await write(sheet, data, language);
  }
  return sheet.end();
}

async function write(sheet: Sheet, data: OnboardingData, language: Language): Promise<void> {
  const words = WORDS[language];
  sheet.paragraph(words.lead);
  sheet.heading(words.trust, 160);
  await sheet.qr(data.trustUrl, [words.trustQr, data.trustUrl], 120);
  sheet.heading(words.check, 200);
  sheet.bullets(words.checkLines);
  sheet.facts(grouped(data.rootPem).map((line, index) => [index === 0 ? words.print : '', line]));
  sheet.heading(words.open, 160);
  await sheet.qr(data.boxUrl, [words.openQr, ...words.openLines, data.boxUrl], 120);
  sheet.facts([[words.facts[0], data.boxUrl], [words.facts[1], data.boxId]]);
  sheet.aside(words.aside);
}

/** As on the page that the iPad opens: groups of four digits, four groups a line. */
function grouped(rootPem: string): string[] {
  const groups = new X509Certificate(rootPem).fingerprint256.replaceAll(':', '').match(/.{4}/g)!;
  return [0, 4, 8, 12].map((from) => groups.slice(from, from + 4).join(' '));
}
