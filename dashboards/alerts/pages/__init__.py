"""The pages of alerts: rules, the sentence that a rule is, its preview, history, one firing."""
