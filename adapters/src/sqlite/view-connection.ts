import Database from 'libsql';

/** Larger than the default, of which a page would hold few documents and much air. */
const pageBytes = 8_192;
/** The write-ahead log may grow to this before its pages are moved to the file. */
const walBytesMax = 16_777_216;
const cacheKibMax = 64 * 1024;

/** `views.db` as the thread that writes it and those who read it open it. */
export const openViewConnection = (path: string): Database.Database => {
  const db = new Database(path);
  try {
    db.exec(`
      PRAGMA page_size = ${pageBytes};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA busy_timeout = 250;
      PRAGMA wal_autocheckpoint = ${walBytesMax / pageBytes};
      PRAGMA cache_size = -${cacheKibMax};
    `);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};
