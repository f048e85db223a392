import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Certificates } from './certificates.js';
import { BARE_HEADERS } from './headers.js';
import { peersIn } from './peers.js';
import { limitConnections, PLAIN_CONNECTIONS, waitsOf } from './limits.js';

/** What has to be reachable before an iPad trusts the box: the root and how to install it. Public by nature. */
export interface TrustFile {
  headers: Record<string, string>;
  body: string | Buffer;
}

/** What the page shows besides the box's address. */
const STYLE = `:root{color-scheme:light dark}body{font:18px/1.6 -apple-system,"PingFang SC","Noto Sans CJK SC",sans-serif;max-width:40rem;margin:2rem auto;padding:0 1.2rem}
a.get{display:inline-block;padding:.8rem 1.2rem;border-radius:.8rem;background:#7a4b23;color:#fff;text-decoration:none}li{margin:.5rem 0}h2{margin-top:2.5rem}
.print{font:1.05rem/1.9 ui-monospace,Menlo,monospace;white-space:pre;overflow-x:auto;border:1px solid #8886;border-radius:.8rem;padding:.6rem 1rem}`;
/** Nothing but the style above, known by its hash: the page has no script, no picture, no form. */
const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
/**
 * SHA-256 of the root in groups of four hexadecimal digits, four groups a line: to be compared by eye with what the box prints
 * when it starts.
 */
export function rootFingerprint(rootPem: string): string {
  const groups = new X509Certificate(rootPem).fingerprint256.replaceAll(':', '').match(/.{4}/g)!;
  return [0, 4, 8, 12].map((from) => groups.slice(from, from + 4).join(' ')).join('\n');
}

/**
 * The box's address for whoever asks: the name they used if it is one of the box's own, otherwise the address that the
 * connection came in on. A Host header alone proves nothing, and the profile puts this address on the home screen.
 * @param httpsPort port of the page; default: the one the request named
 */
export function boxUrlFor(request: IncomingMessage, names: readonly string[], httpsPort?: number): string {
  const local = (request.socket.localAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  const asked = hostOf(request.headers.host);
  const known = asked !== null && names.includes(asked.hostname.replace(/^\[|\]$/g, ''));
  const host = known ? asked.hostname : local.includes(':') ? `[${local}]` : local;
  const port = httpsPort ?? (known ? Number(asked.port || 443) : request.socket.localPort ?? 443);
  return `https://${host}${port === 443 ? '' : `:${port}`}`;
}

/** What a Host header names; null: nothing that could be asked. Clients write what they like into it. */
export function hostOf(header: string | undefined): URL | null {
  return header !== undefined && URL.canParse(`https://${header}/`) ? new URL(`https://${header}/`) : null;
}

/**
 * The files below /trust, and null for any other path. The certificate by itself is given out over HTTPS only: who can take
 * that has seen the warning, and no profile says what it is for.
 */
export function trustFile(path: string, certificates: Certificates, storeName: string, boxUrl: string, over: 'http' | 'https'): TrustFile | null {
  if (path === '/trust' || path === '/trust/') {
    const body = trustPage(storeName, boxUrl, rootFingerprint(certificates.rootPem));
    return { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': PAGE_POLICY }, body };
  }
  if (path === '/trust/portico.mobileconfig') {
    return {
      headers: { 'content-type': 'application/x-apple-aspen-config', 'cache-control': 'no-store', 'content-disposition': 'attachment; filename="portico.mobileconfig"' },
      body: mobileConfig(certificates.rootDer, storeName, boxUrl),
    };
  }
  if (path === '/trust/portico-root.crt' && over === 'https') {
    return {
      headers: { 'content-type': 'application/x-x509-ca-cert', 'cache-control': 'no-store', 'content-disposition': 'attachment; filename="portico-root.crt"' },
      body: certificates.rootPem,
    };
  }
  return null;
}

/**
 * A plain HTTP server for iPads that do not trust the box yet: the page with the steps and the profile, and 404 for everything
 * else. It has no access to anything else of the box. (A small server by hand: two fixed files need no framework.)
 * @param patience see waitsOf @param allowedLan networks that may connect; empty: all
 */
export function createTrustServer(certificates: Certificates, storeName: string, httpsPort: () => number, patience = 1, allowedLan: readonly string[] = []): Server {
  const server = createServer(waitsOf(patience).plain, (request, response) => {
    const path = (request.url ?? '/').split('?')[0]!;
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const headers = { ...BARE_HEADERS, connection: 'close' };
    if (reads && path === '/') {
      // For an address typed without its path. Relative: nothing that was sent comes back.
      response.writeHead(302, { ...headers, location: '/trust' }).end();
      return;
    }
    const file = reads ? trustFile(path, certificates, storeName, boxUrlFor(request, certificates.names, httpsPort()), 'http') : null;
    if (file === null) response.writeHead(404, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end('404\n');
    else response.writeHead(200, { ...headers, ...file.headers }).end(request.method === 'HEAD' ? undefined : file.body);
  });
  limitConnections(server, PLAIN_CONNECTIONS, peersIn(allowedLan, true));
  return server;
}

/** An Apple configuration profile: the root to trust, and an icon on the home screen that opens the box full screen. */
function mobileConfig(rootDer: Buffer, storeName: string, boxUrl: string): string {
  const seed = createHash('sha256').update(rootDer).digest('hex');
  // Stable identifiers, so that installing again replaces the profile instead of adding one.
  const uuid = (part: number) => {
    const hex = createHash('sha256').update(`${seed}${part}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`.toUpperCase();
  };
  const id = `local.portico.${seed.slice(0, 12)}`;
  const name = escapeXml(storeName);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array>
<dict>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>${id}.root</string>
<key>PayloadUUID</key><string>${uuid(1)}</string>
<key>PayloadDisplayName</key><string>Portico · ${name}</string>
<key>PayloadCertificateFileName</key><string>portico-root.crt</string>
<key>PayloadContent</key><data>${rootDer.toString('base64')}</data>
</dict>
<dict>
<key>PayloadType</key><string>com.apple.webClip.managed</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>${id}.icon</string>
<key>PayloadUUID</key><string>${uuid(2)}</string>
<key>PayloadDisplayName</key><string>Portico</string>
<key>Label</key><string>Portico</string>
<key>URL</key><string>${escapeXml(boxUrl)}/</string>
<key>FullScreen</key><true/>
<key>IsRemovable</key><true/>
</dict>
</array>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>${id}</string>
<key>PayloadUUID</key><string>${uuid(3)}</string>
<key>PayloadDisplayName</key><string>Portico · ${name}</string>
<key>PayloadDescription</key><string>信任本店的门店盒 / Trust the box of this store</string>
</dict></plist>
`;
}

function trustPage(storeName: string, boxUrl: string, fingerprint: string): string {
  const name = escapeXml(storeName);
  const url = escapeXml(boxUrl);
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Portico · ${name}</title><style>${STYLE}</style></head><body>
<h1>${name}</h1>
<h2>让这台 iPad 信任门店盒</h2><ol>
<li><a class="get" href="/trust/portico.mobileconfig">下载描述文件</a></li>
<li>打开“设置”，点最上方的“已下载描述文件”，先别安装：点“更多详细信息”，再点里面的证书，拉到最下面看 SHA-256 指纹。</li>
<li>把它和门店盒启动时打印的（或随盒纸上的）指纹逐组核对。只要有一处不同，就不要安装，请联系 IT。相同才点“安装”。</li>
<li>“设置 › 通用 › 关于本机 › 证书信任设置”，打开“Portico”的开关。</li>
<li>回到 <a href="${url}/">${url}</a></li></ol>
<p>指纹应为：</p><div class="print" id="fingerprint">${fingerprint}</div>
<p>本页走的是不加密的网络，有人可能在途中改动，所以请以门店盒自己打印的指纹为准。</p>
<h2 lang="en">Make this iPad trust the box</h2><ol lang="en">
<li><a class="get" href="/trust/portico.mobileconfig">Download the profile</a></li>
<li>Open Settings, tap “Profile Downloaded” at the top, and do not install yet: tap “More Details”, then the certificate, and find its SHA-256 fingerprint at the bottom.</li>
<li>Compare it, group by group, with the one that the box printed when it started (or with the sheet that came with it). If anything differs, do not install it and call IT. Only if it is the same, tap “Install”.</li>
<li>Settings › General › About › Certificate Trust Settings: switch “Portico” on.</li>
<li>Go back to <a href="${url}/">${url}</a></li></ol>
<p lang="en">It should be the one above. This page comes over an open network, where somebody may have changed it: what the box itself printed counts.</p>
<p>Android, Windows, macOS: <a href="${url}/trust/portico-root.crt">${url}/trust/portico-root.crt</a></p>
</body></html>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
