export {
  archiveNameOf, archiveOf, csvOf, csvOfRows, externalIdOf, filesOf, MANIFEST_FILE, parquetColumn, parquetOf, parquetSchemaOf, PARQUET_MADE_BY, RELEASE_COLUMNS, rowsOf, type ReleaseFile, type ReleaseRow,
} from './archive.js';
export { ARCHIVE_BYTES_MAX, openRelease, type OpenedRelease } from './opening.js';
