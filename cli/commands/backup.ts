import { type Command, Option } from 'commander';
import { EXIT } from '../output.js';
import type { Act } from '../program.js';

export function register(program: Command, act: Act): void {
  const backup = program.command('backup').description('copies of the store\'s data, encrypted to the store\'s key');
  backup
    .command('now')
    .description('make one, read it back from where it lies, and open it; the box may be running')
    .action(act(async (output) => {
      const { loadConfig, systemClock, backupNow } = await tools();
      output.result({ ...await backupNow(loadConfig(), systemClock, output) });
    }));
  backup
    .command('list')
    .description('what lies where the backups go, newest first')
    .action(act(async (output) => {
      const { loadConfig, listBackups } = await tools();
      const { files, code } = await listBackups(loadConfig(), output);
      output.result({ files, code });
      return files === null ? EXIT.refused : files.length === 0 ? EXIT.warning : EXIT.fine;
    }));
  backup
    .command('verify')
    .description('open a backup with the store\'s key and check all of it; leaves nothing behind')
    .argument('<file>', 'a backup, portico-STORE-VAULT-DAY-TIME.age')
    .requiredOption('--key <file>', 'the store\'s private key, as "backup key new" wrote it or as typed from the sheet')
    .option('--work <folder>', 'where there is room for the database meanwhile (default: the system\'s folder for temporary files)')
    .action(act(async (output, file: string, options: { key: string; work?: string }) => {
      const { verifyBackup } = await tools();
      output.result(await verifyBackup(file, options.key, options.work ?? null, output));
    }));
  const key = backup.command('key').description('the store\'s key: the box has the public half, the store keeps the private one on paper');
  key
    .command('new')
    .description('make a key, and a sheet to print with it (FILE.pdf)')
    .requiredOption('--out <file>', 'a new file for the private key')
    .option('--store <name>', 'whose it is, for the sheet', 'Portico')
    .addOption(new Option('--language <language>', 'of the sheet').choices(['zh-CN', 'en']).default('zh-CN'))
    .action(act(async (output, options: { out: string; store: string; language: 'zh-CN' | 'en' }) => {
      const { systemClock, makeStoreKey } = await tools();
      const { recipient, sheet } = await makeStoreKey(options.out, options.language, { storeName: options.store, timeZone: 'Asia/Shanghai' }, systemClock, output);
      output.result({ recipient, file: options.out, sheet });
    }));
  key
    .command('check')
    .description('whether a key file, perhaps typed in from the sheet, is right; does not show it')
    .argument('<file>', 'the key file')
    .action(act(async (output, file: string) => {
      const { checkStoreKey } = await tools();
      output.result({ ...await checkStoreKey(file, output) });
    }));
  program
    .command('restore')
    .description('put a backup into the data folder, on this box or on new hardware; the box must be stopped')
    .argument('<file>', 'a backup; lists of deletions are looked for beside it')
    .requiredOption('--key <file>', 'the store\'s private key')
    .option('--signed-by <thumbprint>', 'of the box that must have made it: as "portico backup verify" shows it, on its receipts and on the recovery sheet')
    .option('--data <folder>', 'the data folder (default: that of this box; where there is no box, that of the settings)')
    .option('--replace', 'replace the box that is there, if anybody works or is known in it')
    .option('--key-out <file>', 'with --data: write the database\'s key there instead of into the data folder')
    .addOption(new Option('--root <folder>', 'put before every path of the box').default('/').hideHelp())
    .action(act(async (output, file: string, options: { key: string; signedBy?: string; data?: string; replace?: boolean; keyOut?: string; root: string }) => {
      const [{ loadConfig, systemClock }, { restore }, { isBox, restoreBox }] = await Promise.all([tools(), import('../restore.js'), import('../restoreBox.js')]);
      const config = loadConfig();
      const known = { keyFile: options.key, replace: options.replace ?? false, ...(options.signedBy === undefined ? {} : { signedBy: options.signedBy }) };
      const named = options.data !== undefined || options.keyOut !== undefined || config.dataDirectory !== loadConfig({}).dataDirectory;
      if (!named && isBox(options.root)) {
        const restored = await restoreBox(file, { ...known, root: options.root }, systemClock, output);
        output.result({ ...restored });
        return restored.listIsComplete && restored.listsRefused.length === 0 ? EXIT.fine : EXIT.warning;
      }
      const restored = await restore(file, { ...config, dataDirectory: options.data ?? config.dataDirectory },
        { ...known, keyOut: options.keyOut ?? null }, systemClock, output);
      output.result({ ...restored });
      return restored.listIsComplete && restored.listsRefused.length === 0 ? EXIT.fine : EXIT.warning;
    }));
}

async function tools() {
  const [config, kit, backup] = await Promise.all([import('../../appliance/config/index.js'), import('../../appliance/kit/index.js'), import('../backup.js')]);
  return { ...config, ...kit, ...backup };
}
