import { TranslationOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { speak, useLanguage } from "../words";

export function SwitchLanguage() {
  const { t } = useTranslation("shell");
  const language = useLanguage();
  return (
    <Button
      type="text"
      icon={<TranslationOutlined />}
      onClick={() => speak(language === "en" ? "zh-CN" : "en")}
    >
      {t("language")}
    </Button>
  );
}
