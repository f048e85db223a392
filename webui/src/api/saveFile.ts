/** Kept alive this long: Safari reads the file after the click. */
const READ_WITHIN_MS = 60_000;

/**
 * Hands a document to the person. An app on the home screen has no downloads of its own, so there the share sheet opens;
 * everywhere else it is downloaded.
 */
export async function saveFile(blob: Blob, name: string): Promise<void> {
  const file = new File([blob], name, { type: blob.type });
  if (matchMedia('(display-mode: standalone)').matches && 'canShare' in navigator && navigator.canShare({ files: [file] })) {
    const shared = await navigator.share({ files: [file] }).then(() => true, (error: unknown) => error instanceof DOMException && error.name === 'AbortError');
    if (shared) return;
  }
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
}
