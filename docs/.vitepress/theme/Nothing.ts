/** In the place of a part of the theme that this site does not show. */
export default () => null
