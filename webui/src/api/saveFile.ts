/** Kept alive this long: Safari reads the file after the click. */
const READ_WITHIN_MS = 60_000;

/** A web app on the home screen: it has no downloads, and a link to a file would open a viewer that has no way back. */
const onHomeScreen = (): boolean => matchMedia('(display-mode: standalone)').matches;

/**
 * Hands a document to the person: to the share sheet in an app on the home screen, as a download everywhere else.
 * @returns false: the tap was too long ago for the share sheet to open; ask for another one
 */
export async function saveFile(blob: Blob, name: string): Promise<boolean> {
  const file = new File([blob], name, { type: blob.type });
  if (onHomeScreen() && 'canShare' in navigator && navigator.canShare({ files: [file] })) {
    return navigator.share({ files: [file] }).then(() => true, (error: unknown) => error instanceof DOMException && error.name === 'AbortError');
  }
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
  return true;
}
