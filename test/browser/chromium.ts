/** A real Chromium for the tests, with a camera that plays a file and no trust in anything but the box's own root. */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];

/** Path of a Chromium on this machine, or null. */
export function findChromium(): string | null {
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** Writes an MJPEG file as Chromium's fake camera takes it: JPEG frames of one size, one after another, in a loop. */
export function writeCameraFile(file: string, frames: readonly Buffer[]): void {
  writeFileSync(file, Buffer.concat(frames));
}

/**
 * @param rootPem the only root that is trusted besides the public ones: by the hash of its public key, so a page of
 *   another box still meets a certificate error
 */
export function launchChromium(executablePath: string, cameraFile: string, rootPem: string): Promise<Browser> {
  const publicKey = new X509Certificate(rootPem).publicKey.export({ type: 'spki', format: 'der' });
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      `--ignore-certificate-errors-spki-list=${createHash('sha256').update(publicKey).digest('base64')}`,
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${cameraFile}`,
    ],
  });
}
