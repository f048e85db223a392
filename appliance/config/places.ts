/** Where the box puts files: a folder of a disk, or a server. */
import { isAbsolute } from 'node:path';
import { PorticoError } from '../kit/index.js';
import { urlOf } from './texts.js';

export interface FolderPlace { readonly kind: 'folder'; readonly folder: string; readonly mounted: boolean }
export interface ServerPlace {
  readonly kind: 'sftp'; readonly user: string; readonly host: string; readonly port: number; readonly folder: string;
  /** As `ssh-keygen -l` prints it. */
  readonly hostKey: string;
}
/** Names of the settings that say it. */
interface Names { readonly to: string; readonly hostKey: string }
/** What they say; `to` is not empty. */
interface Said { readonly to: string; readonly hostKey: string; readonly mounted: boolean }

/**
 * @param wanted the forms that `to` may have, as the end of a sentence, for whoever wrote another
 * @throws PorticoError config_invalid
 */
export function readPlace({ to, hostKey, mounted }: Said, names: Names, wanted: string): FolderPlace | ServerPlace {
  if (isAbsolute(to)) return { kind: 'folder', folder: to, mounted };
  const refuse = (problem: string, setting = names.to) => new PorticoError('config_invalid', { setting, problem });
  const otherForm = () => refuse(`must be ${wanted}, without a password`);
  if (!/^sftp:/i.test(to)) throw otherForm();
  const url = urlOf(names.to, to);
  if (url.username === '' || url.hostname === '' || url.password !== '' || url.search !== '' || url.hash !== '') throw otherForm();
  const decoded = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw refuse('has a % that is not followed by two hexadecimal digits');
    }
  };
  if (hostKey === '') throw refuse('is missing: how shall the box know the server?', names.hostKey);
  return {
    kind: 'sftp', user: decoded(url.username), host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 22 : Number(url.port),
    folder: decoded(url.pathname) || '/', hostKey,
  };
}
