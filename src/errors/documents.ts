/** Address of the documents, which are not part of the package. */
const DOCUMENTS = 'https://github.com/pg-switchyard/pg-switchyard/blob/main/docs'

/** Returns the address of a document. @param path below `docs/`, such as `operate/doctor.md#lag` */
export function documentAt(path: string): string {
  return `${DOCUMENTS}/${path}`
}
