export const text = (code) => {
  const fatal = true;
  return `error ${code}: build failed`;
};
