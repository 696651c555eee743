export const theme = "light;
export const dark = "dark";
