/**
 * What goes wrong while IT looks after a box: at the command line, on a USB stick, in the report of an update. Never over HTTP, so the page has no words
 * for these. Each is a code for programs and a sentence that says what to do.
 */
export const CONSOLE_ERRORS = {
  // USB stick
  stick_not_found: 'No volume with the label PORTICO is there, or it is not a stick for this box.',
  stick_unsigned: 'The file is not signed. Run "portico stick sign" where the key of your organisation is.',
  stick_signature_wrong: 'The signature does not fit the file: it was changed after signing, or signed by another key.',
  stick_other_organisation: 'This box belongs to another organisation: its first stick was signed by another key.',
  stick_serial_old: 'This stick is older than the last one that was applied, or the same one. Sign it anew.',
  stick_file_refused: 'A file on the stick was not read: it is too large, a link, or not a plain file.',
  stick_invalid: 'The file does not fit. Every problem is listed with line and column.',
  stick_secret_unreadable: 'A secret on the stick is not encrypted to this box. Encrypt it to the box\'s own key.',
  stick_apply_failed: 'The box was not well with the new settings and went back to those of before.',
  stick_interrupted: 'Applying the stick was cut off. The box went back to the settings of before. Plug the stick in again.',
  support_not_opened: 'SSH or the timer that ends it did not start, so nobody is let in. Is openssh-server installed? Put that right and plug the stick in again.',
  stick_request_refused: 'A request on the stick is not for this box, or its time is over. Make it anew.',
  stick_not_written: 'The result could not be written to the stick: it is full, write-protected or was pulled out. What was applied stays applied.',
  stick_busy: 'A stick is being applied already. Wait for it to end.',
  stick_has_settings: 'There is a portico.yaml in this folder already. Change that one, or take an empty stick.',
  stick_sheet_refused: 'The owner\'s sheet holds the code, so it must not lie on the stick. Say --sheet and a file elsewhere.',
  box_card_invalid: 'This is not the box.json that a box writes to its stick. Plug the stick into the box once, then take it from there.',
  key_file_exists: 'There is a file of this name already. Keys are never overwritten.',
  key_file_invalid: 'This is not a key file of Portico.',
  key_passphrase_wrong: 'The passphrase does not open this key file.',

  // Keys of the box
  box_key_missing: 'This box has no key yet: "portico provision firstboot" makes it.',
  box_key_unreadable: 'A secret of this box cannot be opened or sealed: it was sealed on another machine, or the host\'s key is gone. Restore the box from its backup.',
  box_cannot_seal: 'This machine cannot seal secrets, so no keys are made: systemd-creds (systemd 250 or newer) is missing or does not work, or nobody may write /var/lib/systemd/credential.secret. Put that right, then start the box anew; "systemd-creds encrypt --with-key=host - -" tries it.',
  box_key_unsealed: 'A secret of this box is sealed with the empty key, which anybody has. It is not used.',
  db_key_ambiguous: 'There are two different database keys. Move away the one that does not belong to this database.',

  // Head office's release
  release_invalid: 'This is not a release of Portico, or it was changed after the box signed it.',
  release_too_new: 'This release is of a newer form than this program knows. Take the newest Portico.',

  // Backup and restore
  backup_not_set_up: 'Nothing says where backups go and who can open them: set PORTICO_BACKUP_TO and PORTICO_BACKUP_RECIPIENT.',
  backup_not_ours: 'This is not a backup of Portico, or it is damaged. Take another one.',
  backup_signed_by_another: 'Another box signed this backup than the one that was named. Nothing was changed. Compare with the thumbprint on that box\'s receipts; if it is none of yours, somebody else made this file.',
  backup_list_not_ours: 'A list of deletions beside the backup was not written by a box with this database, or it is damaged: it was not read.',
  backup_key_wrong: 'This key does not open this backup. It takes the private key of the store that the recovery sheet shows.',
  restore_target_in_use: 'There is a box in this data folder already. Stop it, move its folder away, or say that it shall be replaced.',
  restore_newer_version: 'This backup was made by a newer Portico. Install that version first.',

  // Update
  update_no_release: 'This folder is no release tree. Make one: npm run release -- --out FOLDER.',
  update_no_box: 'Portico is not installed here from its package; only such a box is updated this way.',
  update_unsigned: 'This is not an update signed by your organisation.',
  update_older: 'This update is not newer than what runs. A box never goes back by an update.',
  update_needs_another: 'This update takes a newer version than the one that runs. Apply that one first.',
  update_running: 'An update is under way on this box. Wait until "portico update status" says that it is done, then try again.',
  update_not_reached: 'Head office could not be reached, or has no update in the form that this box knows.',
  update_other_machine: 'This update is for another kind of machine.',
  update_damaged: 'The update is incomplete or damaged. Copy it again.',
  update_no_room: 'There is not enough room on the disk for the update.',
  update_rehearsal_failed: 'The new version did not get along with a copy of this box\'s data. Nothing was changed.',
  update_health_failed: 'The box was not well with the new version and went back to the one of before.',
  update_deletions_unread: 'The box went back to the version of before, and what was deleted under the new one could not be read: every face was deleted. Ask these customers again, and delete again, by the receipts you have, what was deleted meanwhile.',
  update_interrupted: 'The update was cut off. The box went back to the version of before.',

  // Health, wipe, support
  box_not_running: 'The box does not answer on this machine. Start it, or look at its log for why it does not start.',
  box_not_ours: 'The box that runs here does not tell this user how it is. Run this as root or as the user of the box, with the box\'s own settings.',
  wipe_not_confirmed: 'To wipe a box, name it: --confirm with the store\'s id or the box\'s own.',
  wipe_refused: 'This is not the data of a box, or it cannot be destroyed from here. Nothing was changed. Where the database does not open, "portico wipe --without-certificate" at the console wipes it all the same.',
  wipe_incomplete: 'Not everything could be destroyed. What is left is listed: destroy the disk.',
  needs_root: 'This has to be run as root.',
} as const satisfies Record<string, string>;

export type ConsoleErrorCode = keyof typeof CONSOLE_ERRORS;
