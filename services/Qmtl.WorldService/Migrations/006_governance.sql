-- Reserved for governance.
SELECT 1;
