/** Words with their placeholders filled in as the box does it, for the preview. Pure; values are text, whatever stands in them. */
export function preview(template: string, valueOf: (placeholder: string) => string | undefined): string {
  return template.replaceAll('｛', '{').replaceAll('｝', '}').replace(/\{([^{}]*)\}/g, (whole, name: string) => valueOf(name.trim()) ?? whole);
}

/** The words with their placeholders called otherwise: as the person reads them, or back as the box keeps them. What has no other name stays. */
export function renamed(text: string, nameOf: (placeholder: string) => string | undefined): string {
  return preview(text, (placeholder) => { const name = nameOf(placeholder); return name === undefined ? undefined : `{${name}}`; });
}

/** Puts a placeholder where the cursor is, in the place of what is selected. @returns the text, and where the cursor is then */
export function withPlaceholder(text: string, placeholder: string, from: number, to: number): { text: string; cursor: number } {
  const put = `{${placeholder}}`;
  return { text: text.slice(0, from) + put + text.slice(to), cursor: from + put.length };
}
