/**
 * On a box: which commands work on its data, and so run there as the service's own user with its settings and keys (packaging/deb/portico). A command with parts
 * that differ is named with them. All others run as whoever calls them.
 */
export const AS_THE_SERVICE: readonly string[] = ['audit', 'backup list', 'backup now', 'export', 'gallery', 'health', 'pair', 'support-bundle', 'vault'];
/** Root's, or anybody's: they read and write what is named on the line, or change the machine. */
export const AS_THE_CALLER: readonly string[] = ['backup key', 'backup verify', 'fleet', 'man', 'models', 'pack', 'provision', 'receipt', 'restore', 'stick', 'update', 'wipe'];
