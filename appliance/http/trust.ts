import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Certificates } from './certificates.js';

/** What has to be reachable before an iPad trusts the box: the root and how to install it. Public by nature. */
export interface TrustFile {
  contentType: string;
  body: string | Buffer;
  fileName?: string;
}

/** The files below /trust, and null for any other path. */
export function trustFile(path: string, certificates: Certificates, storeName: string, boxUrl: string): TrustFile | null {
  switch (path) {
    case '/trust':
    case '/trust/':
      return { contentType: 'text/html; charset=utf-8', body: trustPage(storeName, boxUrl) };
    case '/trust/portico.mobileconfig':
      return {
        contentType: 'application/x-apple-aspen-config', fileName: 'portico.mobileconfig',
        body: mobileConfig(certificates.rootDer, storeName, boxUrl),
      };
    case '/trust/portico-root.crt':
      return { contentType: 'application/x-x509-ca-cert', fileName: 'portico-root.crt', body: certificates.rootPem };
    default:
      return null;
  }
}

/**
 * A plain HTTP server that gives out the trust files and sends everything else to HTTPS. It has no access to
 * anything else of the box. (A small server by hand: three fixed files need no framework.)
 */
export function createTrustServer(certificates: Certificates, storeName: string, httpsPort: () => number): Server {
  return createServer({ requestTimeout: 10_000, maxHeaderSize: 8_192 }, (request, response) => {
    const host = /^[A-Za-z0-9.-]{1,253}/.exec(request.headers.host ?? '')?.[0] ?? 'portico.local';
    const boxUrl = `https://${host}:${httpsPort()}`;
    const path = (request.url ?? '/').split('?')[0]!;
    const file = request.method === 'GET' ? trustFile(path, certificates, storeName, boxUrl) : null;
    if (file === null) {
      response.writeHead(308, { location: `${boxUrl}${path.startsWith('/trust') ? '/trust' : '/'}` }).end();
      return;
    }
    response.writeHead(200, {
      'content-type': file.contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
      ...(file.fileName === undefined ? {} : { 'content-disposition': `attachment; filename="${file.fileName}"` }),
    }).end(file.body);
  });
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

function trustPage(storeName: string, boxUrl: string): string {
  const name = escapeXml(storeName);
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Portico · ${name}</title><style>
:root{color-scheme:light dark}body{font:18px/1.6 -apple-system,"PingFang SC","Noto Sans CJK SC",sans-serif;max-width:40rem;margin:2rem auto;padding:0 1.2rem}
a.get{display:inline-block;padding:.8rem 1.2rem;border-radius:.8rem;background:#7a4b23;color:#fff;text-decoration:none}li{margin:.5rem 0}h2{margin-top:2.5rem}
</style></head><body>
<h1>${name}</h1>
<h2>让这台 iPad 信任门店盒</h2><ol>
<li><a class="get" href="/trust/portico.mobileconfig">下载描述文件</a></li>
<li>打开“设置”，点最上方的“已下载描述文件”，安装。</li>
<li>“设置 › 通用 › 关于本机 › 证书信任设置”，打开“Portico”的开关。</li>
<li>回到 <a href="${escapeXml(boxUrl)}/">${escapeXml(boxUrl)}</a></li></ol>
<h2 lang="en">Make this iPad trust the box</h2><ol lang="en">
<li><a class="get" href="/trust/portico.mobileconfig">Download the profile</a></li>
<li>Open Settings, tap “Profile Downloaded” at the top, and install it.</li>
<li>Settings › General › About › Certificate Trust Settings: switch “Portico” on.</li>
<li>Go back to <a href="${escapeXml(boxUrl)}/">${escapeXml(boxUrl)}</a></li></ol>
<p>Android, Windows, macOS: <a href="/trust/portico-root.crt">portico-root.crt</a></p>
</body></html>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
