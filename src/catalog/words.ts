/** The words of a list that is parted by white space. */
export function words(list: string): readonly string[] {
  return list.split(/\s+/).filter((word) => word !== '')
}
