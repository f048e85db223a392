/**
 * Every error that can reach a person, once: its code (stable, for programs and for the page's own words),
 * its HTTP status, and an English sentence that says what to do. The page translates by code.
 */
export const ERRORS = {
  // Requests
  bad_request: [400, 'The request is not of the documented form.'],
  malformed_json: [400, 'The message is not valid JSON.'],
  unknown_message: [400, 'This message type is not known here.'],
  wrong_protocol_version: [426, 'This page and the box speak different versions. Reload the page.'],
  wrong_origin: [403, 'The request came from another site and was refused.'],
  not_found: [404, 'There is nothing at this address.'],
  too_many_requests: [429, 'Too many requests. Wait a little and try again.'],
  body_too_large: [413, 'The message is too large.'],
  unsupported_media_type: [415, 'This kind of content is not accepted here.'],

  // Pairing and sign-in
  device_not_paired: [401, 'This iPad is not paired with the box. Ask a manager for a pairing code.'],
  pairing_code_invalid: [403, 'This pairing code is wrong, expired or already used. Ask a manager for a new one.'],
  sign_in_required: [401, 'Sign in with your PIN first.'],
  session_expired: [401, 'Your session has ended. Sign in again.'],
  pin_too_simple: [400, 'This PIN is too easy to guess: not one digit six times, and not a run such as 123456.'],
  pin_wrong: [403, 'The PIN is wrong.'],
  pin_locked: [429, 'Too many wrong PINs on this iPad. Wait and try again, or ask a manager to set a new PIN.'],
  not_allowed: [403, 'Your role does not allow this. Ask a manager.'],
  owner_exists: [409, 'This box already has an owner. Sign in instead.'],
  staff_not_found: [404, 'This member of staff is not known.'],
  staff_name_taken: [409, 'There is already a member of staff of that name.'],
  staff_self: [409, 'You cannot remove yourself. Ask another manager.'],
  device_not_found: [404, 'This device is not paired.'],

  // Customers and visits
  customer_not_found: [404, 'This customer is not known.'],
  customer_merged: [410, 'This dossier was merged into another one.'],
  merge_invalid: [409, 'These two dossiers cannot be merged: they are the same one, or one was merged already.'],
  merge_not_found: [404, 'This merge is not known or was undone already.'],
  merge_undo_order: [409, 'The dossier that took this one over was merged itself since. Undo that merge first.'],
  phone_taken: [409, 'This phone number already belongs to another customer.'],
  visit_not_found: [404, 'This visit is not known.'],
  visit_closed: [409, 'This visit has already ended.'],
  follow_up_not_found: [404, 'This follow-up is not known.'],
  sighting_gone: [410, 'This question is no longer open.'],

  // Consent
  consent_required: [403, 'The customer has not given separate consent to face recognition, or it has ended.'],
  consent_notice_outdated: [409, 'The notice has changed. Show the current one and ask again.'],
  consent_purpose_missing: [400, 'Consent to face recognition must be ticked by the customer.'],
  consent_term_invalid: [400, 'The end date must be in the future and within the longest term of the notice.'],
  consent_signature_empty: [400, 'The customer must sign before consent is recorded.'],
  consent_guardian_required: [403, 'The customer must confirm being 14 or older. Younger customers cannot be enrolled.'],
  consent_not_active: [409, 'There is no consent to withdraw.'],

  // Images and faces
  image_empty: [422, 'The image is empty.'],
  image_unreadable: [422, 'This is not an image that can be read. Use JPEG, PNG or WebP.'],
  image_truncated: [422, 'The image is incomplete. Take it again.'],
  image_animated: [422, 'Animated images are not accepted. Use a still photo.'],
  image_too_many_bytes: [413, 'The image is larger than 4 MB.'],
  image_too_many_pixels: [413, 'The image has more than 25 megapixels.'],
  image_too_small: [422, 'The image is smaller than 32 pixels.'],
  face_not_found: [422, 'No face was found.'],
  face_several: [422, 'There is more than one face. Only the customer may be in the picture.'],
  face_too_small: [422, 'The face is too small. Come closer.'],
  face_cut_off: [422, 'Part of the face is outside the picture. Move to the middle.'],
  face_blurred: [422, 'The picture is blurred. Hold still.'],
  face_turned: [422, 'The face is turned too far away. Look towards the camera.'],
  face_too_dark: [422, 'The face is too dark. Find more light.'],
  face_too_bright: [422, 'The face is too bright. Move away from the strong light.'],
  face_eyes_closed: [422, 'The eyes are closed. Open them and try again.'],
  face_poor_quality: [422, 'The face cannot be read well enough. Try again from the front in good light.'],
  face_not_same_person: [422, 'This photo does not show the same person as the ones before. Start again.'],

  // Enrolment and cameras
  enrolment_not_found: [404, 'This enrolment has ended. Start again.'],
  enrolment_incomplete: [409, 'There are not enough good photos yet.'],
  face_already_enrolled: [409, 'This face seems to be enrolled for another customer already. Check before going on.'],
  enrolment_complete: [409, 'There are enough photos. Finish the enrolment.'],
  camera_flood: [429, 'The camera sends faster than it was allowed to.'],
  template_not_refreshed: [409, 'Nothing was added to this template since the enrolment.'],
  camera_range_invalid: [400, 'The range of a camera is near or far; at the front desk it is near.'],
  fpir_invalid: [400, 'The share of strangers asked about must not be smaller than the share named.'],
  camera_mode_invalid: [400, 'This camera mode is not known.'],
  cameras_too_many: [503, 'Too many cameras are connected.'],

  // The box itself
  storage_full: [507, 'The disk of the box is full. Nothing was saved. Call IT.'],
  storage_busy: [503, 'The database is busy. Nothing was saved. Try again.'],
  vision_unavailable: [503, 'Recognition is not available right now. Use phone number or name.'],
  internal: [500, 'Something went wrong in the box. Nothing was saved. Try again, then call IT.'],

  // Start-up (on the console; never over HTTP)
  config_invalid: [500, 'The configuration is not valid.'],
  db_key_missing: [500, 'The database exists but its key is missing. Restore the key; nothing was changed.'],
  db_key_wrong: [500, 'The key does not open this database. Nothing was changed.'],
  db_key_malformed: [500, 'The database key must be 64 hexadecimal digits. Nothing was changed.'],
  db_corrupt: [500, 'The database is damaged. Nothing was changed. Call IT, and keep the data folder as it is.'],
  db_in_use: [500, 'Another Portico is already running on this data folder.'],
  db_from_newer_version: [500, 'The database was made by a newer or different Portico. Nothing was changed.'],
  model_missing: [500, 'A model file is missing. Run "npm run models".'],
  model_corrupt: [500, 'A model file is not the one named in the manifest.'],
  model_licence_missing: [500, 'The manifest of the model pack names no licence. Write down under which terms the weights may be used here.'],
  model_uncalibrated: [500, 'The model pack has no thresholds yet. Run "npm run portico -- models check DIR --faces FOLDER --write".'],
  model_fetch_failed: [500, 'The models could not be fetched.'],
  data_directory_unusable: [500, 'The data folder cannot be used. Check that it is a folder and may be written.'],
  certificate_unreadable: [500, 'The box\'s own root certificate or its key is missing or damaged. Restore both files; making a new root would mean trusting it anew on every iPad.'],
  cannot_listen: [500, 'This address or port cannot be listened on.'],
  port_in_use: [500, 'The port is already in use.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof ERRORS;
