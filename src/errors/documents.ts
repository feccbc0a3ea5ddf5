const REPOSITORY = 'https://github.com/pg-switchyard/pg-switchyard'
/** Address of the documents, which are not part of the package. */
const DOCUMENTS = `${REPOSITORY}/blob/main/docs`

/** Address of the installation in the README. */
export const INSTALL: string = `${REPOSITORY}#install`

/** Returns the address of a document. @param path below `docs/`, such as `operate/doctor.md#lag` */
export function documentAt(path: string): string {
  return `${DOCUMENTS}/${path}`
}
