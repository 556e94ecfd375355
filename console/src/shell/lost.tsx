import { Result } from "antd";
import { useTranslation } from "react-i18next";
import { LinkButton } from "../parts/link_button";

export function Lost() {
  const { t } = useTranslation();
  return (
    <Result
      status="404"
      title={t("notFound")}
      subTitle={t("notFoundHint")}
      extra={
        <LinkButton to="/" type="primary">
          {t("home")}
        </LinkButton>
      }
    />
  );
}
