exports.total = (items) => items.reduce((sum, item) => sum + item.price, 0);
exports.find = (items, sku) => items.find((item) => item.sku === sku).price;
