// The policy of content refuses styles and scripts that stand in a page: let htmx bring none.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowScriptTags = false;
htmx.config.allowEval = false;
