import { Button, Result } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export function Lost() {
  const { t } = useTranslation();
  return (
    <Result
      status="404"
      title={t("notFound")}
      subTitle={t("notFoundHint")}
      extra={
        <Link to="/">
          <Button type="primary">{t("home")}</Button>
        </Link>
      }
    />
  );
}
