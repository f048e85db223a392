/** The beginning of a SHA-256 in groups of four, as it is read out and compared: A1B2 C3D4 E5F6 0718. */
export const shortSeal = (seal: string): string => (seal.slice(0, 16).match(/.{1,4}/g) ?? []).join(' ').toUpperCase();
