-- Reserved for evaluation.
SELECT 1;
