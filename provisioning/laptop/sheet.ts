/** The owner's sheet: one page to print, Chinese and English, that opens in any browser without a network. It holds the code, the stick does not. */
import qrcode from 'qrcode';

export interface SheetFacts {
  storeId: string;
  storeName: string;
  hostName: string;
  code: string;
  /** YYYY-MM-DD. */
  madeOn: string;
}

/** @returns a whole HTML document, UTF-8 */
export async function ownerSheet(facts: SheetFacts): Promise<string> {
  const box = `https://${facts.hostName}.local:8443`;
  const trust = `http://${facts.hostName}.local:8080`;
  const pair = `${box}/pair#${facts.code}`;
  const picture = await qrcode.toString(pair, { type: 'svg', margin: 2, errorCorrectionLevel: 'M' });
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(facts.storeName)} · Portico</title>
<style>
  @page { size: A4; margin: 18mm }
  body { font: 11pt/1.5 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #26211b; max-width: 170mm; margin: 8mm auto; padding: 0 4mm }
  h1 { font-size: 19pt; margin: 0 } h2 { font-size: 12.5pt; margin: 6mm 0 1mm }
  .code { font: 700 19pt/1.4 Consolas, Menlo, monospace; letter-spacing: .05em; white-space: nowrap }
  .top { display: flex; gap: 8mm; align-items: center; margin: 6mm 0 } .top svg { width: 52mm; height: 52mm; flex: none }
  .fine { color: #5c5348; font-size: 9.5pt } ol { margin: 0; padding-left: 6mm } li { margin: 1mm 0 } .where { font-family: Consolas, Menlo, monospace; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>${text(facts.storeName)}</h1>
<p class="fine">${text(facts.storeId)} · ${text(facts.hostName)}.local · ${text(facts.madeOn)}</p>
<div class="top">
${picture.trim()}
<div>
<div>店长首次登录码 · <span lang="en">The owner's first code</span></div>
<div class="code">${text(facts.code)}</div>
<p class="fine">只能使用一次。请像钥匙一样保管，用后撕掉；U 盘上没有这个码。<br><span lang="en">Works once. Keep it like a key and tear it up afterwards; it is not on the USB stick.</span></p>
</div>
</div>
<h2>怎么用</h2>
<ol>
<li>门店盒接上电源和网线，插入 U 盘，等待几分钟，直到 U 盘里出现结果文件。</li>
<li>iPad 连上门店 Wi-Fi，用 Safari 打开 <span class="where">${text(trust)}</span>，按提示核对指纹，再安装信任描述文件。指纹要与门店盒写回 U 盘的 portico-onboarding.pdf 上的一致，不一致就不要安装。</li>
<li>用 iPad 相机扫描上面的二维码，或打开 <span class="where">${text(box)}/pair</span> 并输入首次登录码。</li>
<li>设定自己的姓名和 PIN。之后由您在“设置”里添加其他员工和 iPad。</li>
</ol>
<h2 lang="en">What to do</h2>
<ol lang="en">
<li>Connect the box to power and network, plug the USB stick in, and wait some minutes until a result file is on the stick.</li>
<li>Join the store's Wi-Fi with the iPad, open <span class="where">${text(trust)}</span> in Safari, compare the fingerprint as it says, then install the trust profile. It must be the one in portico-onboarding.pdf, which the box has written to the stick; if it differs, do not install it.</li>
<li>Scan the code above with the iPad's camera, or open <span class="where">${text(box)}/pair</span> and type the first code.</li>
<li>Choose your name and PIN. Other staff and iPads are added by you, in Settings.</li>
</ol>
</body>
</html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };
const text = (plain: string): string => plain.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
