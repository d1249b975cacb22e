-- Reserved for risk_hub.
SELECT 1;
