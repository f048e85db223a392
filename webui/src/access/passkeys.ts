/** Whether an address can have passkeys: WebAuthn takes host names only, no IP addresses. */
export function isHostName(hostname: string): boolean {
  return /[a-z]/i.test(hostname) && !hostname.includes(':') && !hostname.startsWith('[');
}
