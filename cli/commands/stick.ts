import type { Command } from 'commander';
import type { NewOptions, RequestOptions } from '../stick.js';
import type { Act } from '../program.js';

export function register(program: Command, act: Act): void {
  addStickCommands(program.command('stick').description('USB sticks with settings, made on any laptop: keys, new, sign, check'), act);
}

/** @param parent `portico stick`, or the program that has nothing else */
export function addStickCommands(parent: Command, act: Act): void {
  const keys = parent.command('keys').description('the key of your organisation: every box takes only what it has signed');
  keys
    .command('new')
    .description('make it, once; keep the file and a copy of it where nobody else comes')
    .option('--out <file>', 'a new file', 'portico-organisation.key')
    .option('--passphrase-file <file>', 'its first line is the passphrase; else it is asked for')
    .option('--no-passphrase', 'whoever has the file can sign')
    .action(act(async (output, options: { out: string; passphraseFile?: string; passphrase: boolean }) => (await tools()).newKeys(options, output)));
  keys
    .command('show')
    .description('its id and public part, which are no secret')
    .argument('<file>', 'FILE or FILE.pub')
    .option('--passphrase-file <file>', 'its first line is the passphrase; else it is asked for')
    .action(act(async (output, file: string, options: { passphraseFile?: string }) => (await tools()).showKey(file, options, output)));

  parent
    .command('new')
    .description('write portico.yaml into a folder, and the owner\'s sheet with the first code elsewhere; asks for what is not said')
    .argument('<dir>', 'the stick')
    .option('--from <file>', 'a portico.yaml to begin with, such as another store\'s')
    .option('--sheet <file>', 'the owner\'s sheet, a new HTML file that is not on the stick (portico-owner-STORE.html)')
    .option('--store-id <id>', 'as head office names it, such as SH-NJR-01')
    .option('--store-name <name>', 'as it stands on the iPads')
    .option('--host-name <name>', 'the box is then https://NAME.local:8443')
    .option('--time-zone <zone>', 'such as Asia/Shanghai')
    .option('--languages <list>', 'zh-CN,en or en,zh-CN or one of them')
    .option('--currency <code>', 'such as CNY')
    .option('--opening-hours <hours>', 'such as "Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00"')
    .option('--address <address>', 'a fixed one, such as 192.168.1.20/24; absent: DHCP')
    .option('--gateway <address>', 'with --address')
    .option('--dns <list>', 'with --address')
    .option('--allowed-lan <list>', 'networks that may reach the box, such as 192.168.1.0/24')
    .option('--head-office <url>', 'https://...')
    .option('--backup-recipient <age1...>', 'as "portico backup key new" shows it')
    .option('--backup-to <where>', 'usb, or sftp://user@host/folder')
    .option('--backup-host-key <fingerprint>', 'of the sftp server: SHA256:...')
    .action(act(async (output, directory: string, options: NewOptions) => (await tools()).makeStick(directory, options, output)));

  parent
    .command('secret')
    .description('encrypt a secret to one box and put it into portico.yaml')
    .argument('<dir>', 'the stick')
    .argument('<name>', 'sftpKey (backups to sftp), exportHmac, exportClientKey or exportSftpKey (releases to head office)')
    .requiredOption('--file <file>', 'what is secret; - for standard input')
    .option('--box <file>', 'box.json, as the box has written it to its stick (DIR/box.json)')
    .action(act(async (output, directory: string, name: string, options: { file: string; box?: string }) => (await tools()).addSecret(directory, name, options, output)));

  parent
    .command('request')
    .description('ask a box to destroy its data (wipe), or to let somebody log in for a while (support)')
    .argument('<dir>', 'the stick')
    .argument('<what>', 'wipe or support')
    .option('--store <id>', 'support: the box of this store')
    .option('--box <id>', 'the box with this id: boxId, or the box.json that the box wrote to its stick')
    .requiredOption('--until <instant>', 'such as 2026-12-01T18:00:00+08:00; wipe: within 31 days, support: within 7')
    .option('--ssh-key <file>', 'support: the .pub file of whoever shall log in')
    .action(act(async (output, directory: string, what: string, options: RequestOptions) => (await tools()).makeRequest(directory, what, options, output)));

  parent
    .command('sign')
    .description('check all files of the stick and sign them; portico.yaml gets the next number')
    .argument('<dir>', 'the stick')
    .requiredOption('--key <file>', 'of your organisation')
    .option('--passphrase-file <file>', 'its first line is the passphrase; else it is asked for')
    .action(act(async (output, directory: string, options: { key: string; passphraseFile?: string }) => (await tools()).sign(directory, options, output)));

  parent
    .command('check')
    .description('every problem with line and column, and what a box would do')
    .argument('<dir>', 'the stick')
    .option('--key <file>', 'FILE.pub: all must be signed by this key')
    .action(act(async (output, directory: string, options: { key?: string }) => (await tools()).check(directory, options, output)));

  parent
    .command('schema')
    .description('the JSON Schema of portico.yaml, for editors')
    .action(act(async () => (await tools()).printSchema()));
}

const tools = () => import('../stick.js');
