//! Reads an expression into a query, and takes only what AWS Config takes.
//!
//! A real SQL parser reads it; everything that AWS Config's subset does not name is refused: FROM, joins,
//! aliases, DISTINCT, HAVING, LIMIT, sub-queries, NULL tests, arithmetic, quoted identifiers. Where AWS does not
//! say, the narrower reading is taken (no `<=`, no `!=`, no wildcard but one at the end): what works here works
//! there.

use super::{
    condition::{Condition, Literal},
    projection::Projection,
    query::{Aggregate, Function, OrderKey, Property, Query},
};
use crate::estate::{
    kind::Kind,
    properties::{NAMED, SCALARS},
};
use sqlparser::{
    ast::{
        self, BinaryOperator, Expr, GroupByExpr, OrderByKind, OrderBySort, Select, SelectItem, SetExpr,
        Statement, UnaryOperator, Value,
    },
    dialect::AnsiDialect,
    parser::Parser,
};

/// The length of an expression that AWS Config takes, in characters.
pub(super) const MAX_EXPRESSION_CHARACTERS: usize = 4096;
/// How deep conditions may nest; the real service has some limit too.
const MAX_DEPTH: usize = 60;
const MIN_PREFIX_CHARACTERS: usize = 3;

/// Reads an expression.
///
/// # Errors
/// Says what AWS Config would not take.
pub(super) fn read(text: &str) -> Result<Query, String> {
    let characters = text.chars().count();
    if !(1..=MAX_EXPRESSION_CHARACTERS).contains(&characters) {
        return Err(format!(
            "the expression has {characters} characters, 1 to {MAX_EXPRESSION_CHARACTERS} are allowed"
        ));
    }
    if text.trim_end().ends_with(';') {
        return Err("an expression does not end with a semicolon".to_owned());
    }
    let parser = Parser::new(&AnsiDialect {}).with_recursion_limit(MAX_DEPTH).try_with_sql(text);
    let statements =
        parser.and_then(|mut parser| parser.parse_statements()).map_err(|error| error.to_string())?;
    let [Statement::Query(query)] = statements.as_slice() else {
        return Err("only one SELECT is allowed".to_owned());
    };
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Err("only a plain SELECT is allowed".to_owned());
    };
    refuse_query_clauses(query)?;
    refuse_select_clauses(select)?;
    understand(select, query.order_by.as_ref())
}

fn refuse_query_clauses(query: &ast::Query) -> Result<(), String> {
    let refused = [
        ("WITH", query.with.is_some()),
        ("LIMIT", query.limit_clause.is_some()),
        ("FETCH", query.fetch.is_some()),
        ("FOR", !query.locks.is_empty() || query.for_clause.is_some()),
        ("SETTINGS", query.settings.is_some()),
        ("FORMAT", query.format_clause.is_some()),
        ("a pipe", !query.pipe_operators.is_empty()),
    ];
    refuse(&refused)
}

fn refuse_select_clauses(select: &Select) -> Result<(), String> {
    let refused = [
        ("DISTINCT", select.distinct.is_some()),
        ("a modifier", select.select_modifiers.is_some() || !select.optimizer_hints.is_empty()),
        ("TOP", select.top.is_some()),
        ("EXCLUDE", select.exclude.is_some()),
        ("INTO", select.into.is_some()),
        ("FROM", !select.from.is_empty()),
        ("LATERAL", !select.lateral_views.is_empty()),
        ("PREWHERE", select.prewhere.is_some()),
        ("CONNECT BY", !select.connect_by.is_empty()),
        ("CLUSTER BY", !select.cluster_by.is_empty()),
        ("DISTRIBUTE BY", !select.distribute_by.is_empty()),
        ("SORT BY", !select.sort_by.is_empty()),
        ("HAVING", select.having.is_some()),
        ("WINDOW", !select.named_window.is_empty()),
        ("QUALIFY", select.qualify.is_some()),
        ("SELECT AS", select.value_table_mode.is_some()),
    ];
    refuse(&refused)
}

fn refuse(clauses: &[(&str, bool)]) -> Result<(), String> {
    match clauses.iter().find(|(_, there)| *there) {
        Some((clause, _)) => Err(format!("{clause} is not allowed")),
        None => Ok(()),
    }
}

fn understand(select: &Select, order: Option<&ast::OrderBy>) -> Result<Query, String> {
    let mut query = Query {
        fields: Vec::new(),
        projection: Projection::default(),
        aggregates: Vec::new(),
        kinds: Kind::ALL.into_iter().filter(|kind| kind.served_by_select()).collect(),
        condition: None,
        group_by: group_by(&select.group_by)?,
        order_by: Vec::new(),
    };
    let mut plain = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(options) if *options == ast::WildcardAdditionalOptions::default() => {
                query.projection.add_scalars();
                query.fields.extend(SCALARS.map(str::to_owned));
                plain.push("*".to_owned());
            }
            SelectItem::UnnamedExpr(Expr::Function(call)) => {
                let aggregate = aggregate(call)?;
                query.fields.push(aggregate.text.clone());
                query.aggregates.push(aggregate);
            }
            SelectItem::UnnamedExpr(expression) => {
                let property = property(expression)?;
                query.projection.add(&property.parts);
                query.fields.push(property.text.clone());
                plain.push(property.text);
            }
            _ => return Err("an alias is not allowed".to_owned()),
        }
    }
    if query.fields.is_empty() {
        return Err("nothing is selected".to_owned());
    }
    if query.aggregates()
        && let Some(alone) =
            plain.iter().find(|text| !query.group_by.iter().any(|group| group.text == **text))
    {
        return Err(format!("{alone} is neither aggregated nor in GROUP BY"));
    }
    query.condition = select.selection.as_ref().map(condition).transpose()?;
    if let Some(condition) = &query.condition {
        query.kinds.retain(|kind| condition.allows("resourceType", kind.name()));
        // What the types alone decide was decided just now.
        if condition.only_types() {
            query.condition = None;
        }
    }
    query.order_by = order.map_or(Ok(Vec::new()), |order| order_by(order, &query))?;
    Ok(query)
}

fn group_by(clause: &GroupByExpr) -> Result<Vec<Property>, String> {
    match clause {
        GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => {
            expressions.iter().map(property).collect()
        }
        _ => Err("GROUP BY takes properties only".to_owned()),
    }
}

fn order_by(clause: &ast::OrderBy, query: &Query) -> Result<Vec<(OrderKey, bool)>, String> {
    let OrderByKind::Expressions(expressions) = &clause.kind else {
        return Err("ORDER BY takes properties only".to_owned());
    };
    if clause.interpolate.is_some() {
        return Err("INTERPOLATE is not allowed".to_owned());
    }
    let mut keys = Vec::new();
    for ordered in expressions {
        if ordered.with_fill.is_some() || ordered.options.nulls_first.is_some() {
            return Err("ORDER BY takes a property and ASC or DESC".to_owned());
        }
        let descends = match &ordered.options.sort {
            None | Some(OrderBySort::Asc) => false,
            Some(OrderBySort::Desc) => true,
            Some(OrderBySort::Using(_)) => return Err("USING is not allowed".to_owned()),
        };
        let key = match &ordered.expr {
            Expr::Function(call) => {
                let wanted = aggregate(call)?;
                let at = query.aggregates.iter().position(|aggregate| aggregate.text == wanted.text);
                OrderKey::Aggregate(
                    at.ok_or_else(|| format!("{} is ordered by and not selected", wanted.text))?,
                )
            }
            expression => OrderKey::Property(property(expression)?),
        };
        keys.push((key, descends));
    }
    Ok(keys)
}

fn property(expression: &Expr) -> Result<Property, String> {
    let identifiers = match expression {
        Expr::Identifier(identifier) => std::slice::from_ref(identifier),
        Expr::CompoundIdentifier(identifiers) => identifiers.as_slice(),
        other => return Err(format!("{other} is not a property")),
    };
    if let Some(quoted) = identifiers.iter().find(|identifier| identifier.quote_style.is_some()) {
        return Err(format!("{quoted} is quoted"));
    }
    let parts: Vec<_> = identifiers.iter().map(|identifier| identifier.value.clone()).collect();
    let text = parts.join(".");
    let (scalar, named) = (SCALARS.contains(&parts[0].as_str()), NAMED.contains(&parts[0].as_str()));
    if named || (scalar && parts.len() == 1) {
        Ok(Property { text, parts })
    } else {
        Err(format!("there is no property {text}"))
    }
}

fn aggregate(call: &ast::Function) -> Result<Aggregate, String> {
    let ast::Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        within_group,
        filter,
        null_treatment,
        over,
    } = call;
    let extras = *uses_odbc_syntax || !within_group.is_empty() || filter.is_some() || over.is_some();
    let ast::FunctionArguments::List(list) = args else { return Err(format!("{call} is not allowed")) };
    let plain = !extras
        && null_treatment.is_none()
        && *parameters == ast::FunctionArguments::None
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    let function = match name.to_string().to_ascii_uppercase().as_str() {
        "COUNT" => Function::Count,
        "SUM" => Function::Sum,
        "MIN" => Function::Min,
        "MAX" => Function::Max,
        "AVG" => Function::Avg,
        other => return Err(format!("there is no function {other}")),
    };
    let property = match list.args.as_slice() {
        [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard)] if function == Function::Count => None,
        [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expression))] => Some(property(expression)?),
        _ => return Err(format!("{call} does not take such arguments")),
    };
    if plain {
        Ok(Aggregate { function, property, text: call.to_string() })
    } else {
        Err(format!("{call} is not allowed"))
    }
}

fn condition(expression: &Expr) -> Result<Condition, String> {
    let boxed = |expression| condition(expression).map(Box::new);
    let negate = |condition, negated| if negated { Condition::Not(Box::new(condition)) } else { condition };
    match expression {
        Expr::Nested(inner) => condition(inner),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(Condition::Not(boxed(expr)?)),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            Ok(Condition::And(boxed(left)?, boxed(right)?))
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            Ok(Condition::Or(boxed(left)?, boxed(right)?))
        }
        Expr::BinaryOp { left, op, right } => {
            let (property, literal) = (property(left)?, literal(right)?);
            match op {
                BinaryOperator::Eq => Ok(Condition::In(property, vec![literal])),
                BinaryOperator::Lt => Ok(Condition::Less(property, literal)),
                BinaryOperator::Gt => Ok(Condition::Greater(property, literal)),
                other => Err(format!("the operator {other} is not allowed")),
            }
        }
        Expr::InList { expr, list, negated } => {
            let literals = list.iter().map(literal).collect::<Result<_, _>>()?;
            Ok(negate(Condition::In(property(expr)?, literals), *negated))
        }
        Expr::Between { expr, negated, low, high } => {
            Ok(negate(Condition::Between(property(expr)?, literal(low)?, literal(high)?), *negated))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
            Ok(negate(Condition::Prefix(property(expr)?, prefix(pattern)?), *negated))
        }
        other => Err(format!("{other} is not a condition")),
    }
}

fn prefix(pattern: &Expr) -> Result<String, String> {
    let Literal::Text(text) = literal(pattern)? else { return Err("LIKE takes text".to_owned()) };
    match text.strip_suffix('%') {
        Some(prefix) if !prefix.contains('%') && prefix.chars().count() >= MIN_PREFIX_CHARACTERS => {
            Ok(prefix.to_owned())
        }
        _ => Err(format!(
            "LIKE '{text}': a wildcard is allowed at the end only, after three characters at least"
        )),
    }
}

fn literal(expression: &Expr) -> Result<Literal, String> {
    let number = |text: &str, sign: f64| {
        text.parse::<f64>()
            .map(|number| Literal::Number(sign * number))
            .map_err(|_| format!("{text} is not a number"))
    };
    match expression {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Ok(Literal::Text(text.clone())),
            Value::Number(text, _) => number(text, 1.0),
            Value::Boolean(flag) => Ok(Literal::Bool(*flag)),
            other => Err(format!("{other} is not a value")),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(ast::ValueWithSpan { value: Value::Number(text, _), .. }) => number(text, -1.0),
            other => Err(format!("{other} is not a value")),
        },
        other => Err(format!("{other} is not a value")),
    }
}

#[cfg(test)]
mod tests;
