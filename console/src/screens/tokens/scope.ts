import { useTranslation } from "react-i18next";

/** What a token may do, in words; the bare name where none is known. */
export function useScope(): (name: string) => string {
  const { t } = useTranslation("admin");
  return (name) => t(`scope.${name.replace(".", "_")}` as never, { defaultValue: name });
}
